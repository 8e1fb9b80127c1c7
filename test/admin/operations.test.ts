import { describe, expect, it } from 'vitest'
import { sameJson } from '../../src/admin/operations/apply-change.ts'
import { addClientSecret, rotateClientSecret } from '../../src/admin/operations/client-secrets.ts'
import { createClient, deleteClient, updateClient } from '../../src/admin/operations/clients.ts'
import { listKeys } from '../../src/admin/operations/keys.ts'
import type { Operations } from '../../src/admin/operations/operations.ts'
import { purgeExpired } from '../../src/admin/operations/purge.ts'
import { revokeTokens } from '../../src/admin/operations/tokens.ts'
import {
  createUser,
  deleteUser,
  setPassword,
  showUser,
  updateUser,
} from '../../src/admin/operations/users.ts'
import { formatPath } from '../../src/admin/operations/validated.ts'
import { Secret } from '../../src/protocol/secret.ts'
import { newPath, openStore } from '../stores/sqlite-file.ts'
import { type AdminHarness, createAdminHarness } from './harness.ts'

const stores = ['memory', 'SQLite'] as const

async function setUp(kind: (typeof stores)[number] = 'memory'): Promise<AdminHarness> {
  return await createAdminHarness(kind === 'SQLite' ? { store: await openStore(newPath()) } : {})
}

describe.each(stores)('with a %s store', (kind) => {
  it('of a user and a client with one id, made at once, there is never more than one', async () => {
    const { operations, store } = await setUp(kind)
    for (let round = 0; round < 10; round++) {
      const id = `id-${round}`
      await Promise.allSettled([
        createUser(operations, 'dodici', { username: id, id }),
        createClient(operations, 'dodici', { id }),
      ])
      const found = [await store.findUser('dodici', id), await store.findClient('dodici', id)]
      expect(found.filter((row) => row !== null).length).toBeLessThan(2)
    }
  })

  it('of many users with one name, made at once, there is one', async () => {
    const { operations, store } = await setUp(kind)
    const made = await Promise.allSettled(
      Array.from({ length: 8 }, () => createUser(operations, 'dodici', { username: 'ada@example.com' })),
    )
    expect(made.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    for (const outcome of made) {
      if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'conflict' })
    }
    expect((await store.listUsers('dodici', null, 10)).rows).toHaveLength(1)
  })

  it('no change is lost, whoever makes it', async () => {
    const { operations } = await setUp(kind)
    const { client } = await createClient(operations, 'dodici', { id: 'c' })
    await Promise.all([
      updateClient(operations, 'dodici', 'c', { name: 'C' }),
      addClientSecret(operations, 'dodici', 'c'),
      addClientSecret(operations, 'dodici', 'c'),
      revokeTokens(operations, 'dodici', { client: 'c' }),
    ])
    const row = await operations.store.findClient('dodici', 'c')
    expect(row).toMatchObject({ name: 'C', version: client.version + 4 })
    expect(row?.secrets).toHaveLength(3)
    expect(row?.tokensValidAfter).toBeGreaterThan(0)
  })

  it('a deletion that is meant for an older version is refused', async () => {
    const { operations } = await setUp(kind)
    await createUser(operations, 'dodici', { username: 'ada', id: 'ada' })
    await createClient(operations, 'dodici', { id: 'c' })
    await updateUser(operations, 'dodici', 'ada', { roles: ['r'] })
    await updateClient(operations, 'dodici', 'c', { name: 'x' })
    const changed = { code: 'changed' }
    await expect(deleteUser(operations, 'dodici', 'ada', { version: 1 })).rejects.toMatchObject(changed)
    await expect(deleteClient(operations, 'dodici', 'c', { version: 1 })).rejects.toMatchObject(changed)
    await deleteUser(operations, 'dodici', 'ada', { version: 2 })
    await deleteClient(operations, 'dodici', 'c', { version: 2 })
  })
})

it('secrets may come as text or as a secret, and go as a secret', async () => {
  const { operations } = await setUp()
  await createUser(operations, 'dodici', { username: 'ada', id: 'ada', password: new Secret('one') })
  await setPassword(operations, 'dodici', 'ada', new Secret('two'))
  const hash = (await operations.store.findUser('dodici', 'ada'))?.passwordHash ?? null
  expect(await operations.passwords.verify(hash, 'two')).toBe('match')
  const created = await createClient(operations, 'dodici', { id: 'c' })
  const rotated = await rotateClientSecret(operations, 'dodici', 'c', 0)
  for (const result of [created, rotated]) {
    expect(result.secret).toBeInstanceOf(Secret)
    expect(JSON.stringify(result)).not.toContain(result.secret?.reveal())
  }
})

it('a password is set, taken away, and needs a user', async () => {
  const { operations } = await setUp()
  await createUser(operations, 'dodici', { username: 'ada', id: 'ada' })
  expect((await setPassword(operations, 'dodici', 'ada', 'p')).hasPassword).toBe(true)
  expect((await setPassword(operations, 'dodici', 'ada', null)).hasPassword).toBe(false)
  await expect(setPassword(operations, 'dodici', 'eve', 'p')).rejects.toMatchObject({ code: 'not_found' })
  await expect(setPassword(operations, 'other', 'ada', 'p')).rejects.toMatchObject({ code: 'not_found' })
  await expect(setPassword(operations, 'dodici', 'ada', '')).rejects.toMatchObject({ code: 'invalid' })
})

it('a wrong input from a program is refused as one from the network', async () => {
  const { operations } = await setUp()
  const inputs: readonly unknown[] = [
    null,
    [],
    'x',
    new Map(),
    { username: 'u', extra: 1 },
    { username: new Date() },
  ]
  for (const input of inputs) {
    await expect(createUser(operations, 'dodici', input as never)).rejects.toMatchObject({ code: 'invalid' })
  }
  await expect(revokeTokens(operations, 'dodici', {})).rejects.toMatchObject({ code: 'invalid' })
})

it('unknown resources are not found', async () => {
  const { operations } = await setUp()
  const missing = { code: 'not_found' }
  await expect(showUser(operations, 'dodici', 'x')).rejects.toMatchObject(missing)
  await expect(listKeys(operations, 'other')).rejects.toMatchObject(missing)
  await expect(rotateClientSecret(operations, 'dodici', 'x', 0)).rejects.toMatchObject(missing)
  await expect(deleteClient(operations, 'dodici', 'x', { version: 1 })).rejects.toMatchObject(missing)
})

it('T196 a purge goes in the steps of its store, and ends between two of them when it is asked to', async () => {
  const { operations, client, post, advance, store } = await setUp()
  const { secret } = await client({ id: 'c', accessToken: 'opaque', expiresIn: 60 })
  const machine = { grant_type: 'client_credentials', client_id: 'c', client_secret: secret }
  for (let count = 0; count < 9; count++) await post('/oauth/token', machine)
  advance(86_460)
  const limits: number[] = []
  const slow: Operations = {
    ...operations,
    store: {
      ...store,
      purgePace: { rows: 2, pauseMs: 1, leftFor: 0 },
      async purge(now, limit) {
        limits.push(limit)
        return await store.purge(now, limit)
      },
    },
  }
  expect(await purgeExpired(slow, { isStopped: () => limits.length === 3 })).toBe(6)
  expect(limits).toEqual([2, 2, 2])
  expect(await purgeExpired(slow)).toBe(3)
})

it('T196 a purge is not outrun by what is written meanwhile', async () => {
  const { operations, store } = await setUp()
  const writes = [100, 100, 101, 151, 99_999]
  const limits: number[] = []
  const busy: Operations = {
    ...operations,
    store: {
      ...store,
      purgePace: { rows: 20, pauseMs: 0, leftFor: 0 },
      statistics: () => ({ ...store.statistics(), writes: writes.shift() ?? 0 }),
      async purge(_, limit) {
        limits.push(limit)
        return limit
      },
    },
  }
  await purgeExpired(busy, { isStopped: () => limits.length === 4 })
  expect(limits).toEqual([20, 20, 100, 1000])
})

it('T196 what there is a lot of keeps nothing else from being purged', async () => {
  const { operations, store } = await setUp()
  const purged: string[] = []
  const endless = (name: string) => async () => {
    purged.push(name)
    return 1
  }
  const busy: Operations = {
    ...operations,
    store: {
      ...store,
      purgePace: { rows: 1, pauseMs: 0, leftFor: 0 },
      purgeLoginFailures: endless('login failures'),
      purgeUsage: endless('usage'),
      purgeAudit: endless('audit log'),
      purge: endless('tokens'),
    },
  }
  const retention = { auditRetentionDays: 1, usageRetentionDays: 1 }
  await purgeExpired(busy, { ...retention, isStopped: () => purged.length >= 8 })
  const each = ['login failures', 'usage', 'audit log', 'tokens']
  expect(purged).toEqual([...each, ...each])
})

it('T118 what was counted of failed logins is purged as soon as it counts no more', async () => {
  const { operations, store, advance } = await setUp()
  const small: Operations = {
    ...operations,
    store: { ...store, purgePace: { rows: 2, pauseMs: 0, leftFor: 0 } },
  }
  for (const user of ['a', 'b', 'c', 'd', 'd']) {
    const bucket = { user, source: 's', failureMs: 60_000, capacityMs: 600_000 }
    expect(await store.addLoginFailure([bucket], operations.clock())).toBe(true)
  }
  advance(59)
  expect(await purgeExpired(small)).toBe(0)
  advance(1)
  expect(await purgeExpired(small)).toBe(3)
  advance(60)
  expect(await purgeExpired(small)).toBe(1)
})

it('T162 the audit log is purged when it is as old as it gets, and kept for ever if that is asked for', async () => {
  const { operations, store, advance } = await setUp()
  const all = { tenant: null, types: null, user: null, client: null, fromMs: null, toMs: null, before: null }
  const typesKept = async () => {
    const { rows } = await store.listEvents({ ...all, limit: 100 })
    return new Set(rows.map(({ type }) => type))
  }
  await createUser(operations, 'dodici', { username: 'ann', id: 'ann' })
  advance(40 * 86_400)
  await purgeExpired(operations, { auditRetentionDays: 0 })
  await purgeExpired(operations, { auditRetentionDays: 41 })
  expect(await typesKept()).toContain('user.create')
  expect(await purgeExpired(operations, { auditRetentionDays: 39 })).toBeGreaterThan(0)
  expect(await typesKept()).toEqual(new Set(['audit.expire']))
})

it('what expired a day ago is purged to the last row, and nothing else', async () => {
  const { operations, client, post, advance, store } = await setUp()
  const { secret } = await client({ id: 'c', accessToken: 'opaque', expiresIn: 60 })
  const machine = { grant_type: 'client_credentials', client_id: 'c', client_secret: secret }
  for (let count = 0; count < 5; count++) await post('/oauth/token', machine)
  await store.denyJwt('dodici', 'jti', operations.clock() / 1000 + 60)
  advance(59)
  await post('/oauth/token', machine)
  const batches: number[] = []
  const small: Operations = {
    ...operations,
    store: {
      ...store,
      purgePace: { rows: 2, pauseMs: 0, leftFor: 0 },
      async purge(now, limit) {
        const purged = await store.purge(now, limit)
        batches.push(purged)
        return purged
      },
    },
  }
  advance(86_400)
  expect(await purgeExpired(small)).toBe(0)
  advance(1)
  expect(await purgeExpired(small)).toBe(6)
  expect(batches).toEqual([0, 2, 2, 2, 0])
  const query = { tenant: 'dodici', userId: null, clientId: null, before: null, limit: 100 }
  expect((await store.listTokens(query)).rows).toHaveLength(1)
})

it.each([
  [[], ''],
  [['a', 0, 'b'], 'a[0].b'],
  [[0], '[0]'],
  [['claims', 'http://x'], 'claims["http://x"]'],
  [['a b'], '["a b"]'],
])('the path %j is written %s', (path, text) => {
  expect(formatPath(path)).toBe(text)
})

it.each([
  [{ a: 1, b: [1, { c: null }] }, { b: [1, { c: null }], a: 1 }, true],
  [{ a: undefined }, {}, true],
  [{ a: null }, {}, false],
  [[1, 2], [2, 1], false],
  [[], {}, false],
  [['a'], { 0: 'a' }, false],
  [null, {}, false],
  [1, '1', false],
  [{ toString: 1 }, {}, false],
])('sameJson of %j and %j', (one, other, same) => {
  expect([sameJson(one, other), sameJson(other, one)]).toEqual([same, same])
})

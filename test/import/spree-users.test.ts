/** Users of Spree: who they are after the import, and that they log in with the password they had. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { SpreeImportOptions } from '../../src/cli/commands/import-spree.ts'
import { FIXTURES, openShop, PLAIN, SAMPLE, temporaryFile } from './shop.ts'

interface Vector {
  readonly scheme: string
  readonly password: string
  readonly password_salt: string | null
  readonly stretches?: number
  readonly pepper: string | null
  readonly encrypted_password: string
}

const { passwords: VECTORS } = JSON.parse(readFileSync(join(FIXTURES, 'password-vectors.json'), 'utf8')) as {
  readonly passwords: readonly Vector[]
}

/** A dump of users alone, each given by some of the columns. */
function dumpOf(users: readonly Readonly<Record<string, string | null>>[], more = ''): string {
  const head = readFileSync(SAMPLE, 'utf8').split('\n\n')[0]
  const rows = users.map((user, index) => {
    const row = {
      id: String(index + 1),
      created_at: '2026-01-01 00:00:00',
      updated_at: '2026-01-01 00:00:00',
      ...user,
    }
    const values = Object.values(row).map((value) =>
      value === null ? 'NULL' : `'${value.replaceAll("'", "''")}'`,
    )
    return `INSERT INTO spree_users (${Object.keys(row).join(', ')}) VALUES (${values.join(', ')});`
  })
  return temporaryFile('dump.sql', [head, ...rows, more].join('\n'))
}

function optionsFor({ scheme, stretches, pepper }: Vector): SpreeImportOptions {
  return {
    ...(scheme.includes('devise') && {
      encryptor: scheme.startsWith('sha1') ? 'sha1' : 'sha512',
      stretches: [stretches ?? 0],
    }),
    ...(pepper !== null && { pepperFile: temporaryFile('pepper', `${pepper}\n`) }),
  }
}

describe('T116 the password of every known scheme', () => {
  test.each(VECTORS)('is right, and then an argon2id hash: $scheme $stretches $pepper', async (vector) => {
    const { password, password_salt, encrypted_password } = vector
    const shop = await openShop()
    const from = dumpOf([{ email: 'ann@example.com', encrypted_password, password_salt }])
    await shop.import({ from, ...optionsFor(vector) })
    const hash = async () => (await shop.store.findUserByLogin('shop', 'ann@example.com'))?.passwordHash
    const imported = await hash()
    expect(imported).not.toMatch(/argon2/)
    expect((await shop.login('ann@example.com', 'wrong')).status).toBe(400)
    expect((await shop.login('Ann@Example.com', password)).status).toBe(200)
    expect(await hash()).toMatch(/^\$argon2id\$/)
    expect((await shop.login('ann@example.com', password)).status).toBe(200)
    // A second run does not take that back.
    const upgraded = await hash()
    expect((await shop.import({ from, ...optionsFor(vector) })).user.known).toBe(1)
    expect(await hash()).toBe(upgraded)
  })

  test('is wrong without its pepper, which may be in the environment, too', async () => {
    const vector = VECTORS.find(({ scheme, pepper }) => scheme === 'bcrypt' && pepper !== null)
    const { encrypted_password = '', pepper } = vector ?? {}
    const from = dumpOf([{ email: 'ann@example.com', encrypted_password }])
    for (const [env, status] of [
      [{}, 400],
      [{ MINTKEEPER_SPREE_PEPPER: pepper ?? '' }, 200],
    ] as const) {
      const shop = await openShop()
      await shop.import({ from }, env)
      expect((await shop.login('ann@example.com', 'spree123')).status).toBe(status)
    }
  })
})

test('the users of the sample log in as before, with their role', async () => {
  const shop = await openShop()
  const report = await shop.import({ from: SAMPLE })
  expect(report.user).toMatchObject({
    found: 5,
    imported: 4,
    known: 0,
    leftOut: { 'deleted in Spree': 1 },
    refused: 0,
  })
  for (const { id, email, password } of PLAIN.users) {
    const isThere = email !== 'gone@example.com'
    expect(await shop.store.findUser('shop', String(id))).toEqual(
      isThere
        ? expect.objectContaining({ id: String(id), username: email, email, createdAt: 1793527200 })
        : null,
    )
    const status = isThere && password !== null ? 200 : 400
    expect((await shop.login(email, password ?? '')).status, email).toBe(status)
  }
  const admin = { grant_type: 'password', scope: 'admin' }
  expect(
    (await shop.token({ ...admin, username: 'admin@example.com', password: 'spree123' })).body.scope,
  ).toBe('admin')
  expect((await shop.token({ ...admin, username: 'ann@example.com', password: 'ann-secret' })).status).toBe(
    400,
  )
})

test('of addresses that differ in case, the one in lower case is who logged in before', async () => {
  const shop = await openShop()
  const from = dumpOf([
    { email: 'Ann@example.com' },
    { email: 'BOB@example.com' },
    { email: 'ann@example.com' },
  ])
  const refused = temporaryFile('refused.ndjson')
  expect((await shop.import({ from, refused })).user).toMatchObject({ imported: 2, refused: 1 })
  expect((await shop.store.findUserByLogin('shop', 'ann@example.com'))?.id).toBe('3')
  expect((await shop.store.findUserByLogin('shop', 'bob@example.com'))?.id).toBe('2')
  expect(JSON.parse(readFileSync(refused, 'utf8'))).toEqual({
    kind: 'user',
    place: expect.stringMatching(/^line \d+: spree_users id 1$/),
    reason: 'has the user name or e-mail address of another user who is here, but for the case of letters',
  })
})

test('what no user can be is refused, with its place, and the others come', async () => {
  const shop = await openShop()
  const secret = 'a-hash-of-no-known-form'
  const from = dumpOf([
    { email: null },
    { email: 'no address' },
    { email: 'weird@example.com', encrypted_password: secret },
    { email: 'seventeen@example.com', id: 'seventeen' },
    { email: 'good@example.com' },
    { email: 'taken@example.com' },
  ])
  const known = { id: 'other', username: 'taken@example.com', email: null, passwordHash: null, roles: [] }
  await shop.store.importUsers([
    {
      ...known,
      tenant: 'shop',
      scopes: null,
      claims: {},
      disabled: false,
      tokensValidAfter: 0,
      createdAt: 0,
      version: 1,
    },
  ])
  const refused = temporaryFile('refused.ndjson')
  expect((await shop.import({ from, refused })).user).toMatchObject({ found: 6, imported: 1, refused: 5 })
  const text = readFileSync(refused, 'utf8')
  expect(
    text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line).reason),
  ).toEqual([
    'has no e-mail address',
    expect.stringContaining('must be an e-mail address'),
    'has a password hash of no known form',
    'has no number as its id',
    expect.stringContaining('of another user'),
  ])
  expect(text).not.toContain(secret)
})

describe('roles', () => {
  const roles = (rows: readonly string[]) =>
    `CREATE TABLE spree_role_users (id bigint, role_id bigint, user_id bigint, user_type varchar, resource_type varchar, resource_id bigint);
     INSERT INTO spree_roles (id, name) VALUES (1, 'admin'), (2, 'support'), (3, 'store manager');
     INSERT INTO spree_role_users (id, role_id, user_id, user_type, resource_type, resource_id) VALUES ${rows.join(', ')};`
  const users = [{ email: 'ann@example.com' }, { email: 'bob@example.com' }]
  /** Without the table as older versions have it. */
  const dumpWith = (rows: readonly string[]) => {
    const path = dumpOf(users, roles(rows))
    return temporaryFile(
      'dump.sql',
      readFileSync(path, 'utf8').replace(/CREATE TABLE spree_role_users \(id INTEGER[^;]*;/, ''),
    )
  }

  test('of users of this table come along, and of no other', async () => {
    const shop = await openShop()
    const from = dumpWith([
      "(1, 1, 1, 'Spree::User', NULL, NULL)",
      "(2, 2, 1, 'Spree::User', NULL, NULL)",
      "(3, 1, 2, 'Spree::AdminUser', NULL, NULL)",
      "(4, 3, 2, 'Spree::User', NULL, NULL)",
    ])
    const { notes } = await shop.import({ from })
    expect((await shop.store.findUser('shop', '1'))?.roles).toEqual(['admin', 'support'])
    expect((await shop.store.findUser('shop', '2'))?.roles).toEqual([])
    expect(notes.join()).toContain('"store manager" was left out')
  })

  test('at several stores must be chosen from: an admin of one is none of the other', async () => {
    const shop = await openShop()
    const from = dumpWith([
      "(1, 1, 1, 'Spree::User', 'Spree::Store', 1)",
      "(2, 1, 2, 'Spree::User', 'Spree::Store', 2)",
    ])
    await expect(shop.import({ from })).rejects.toThrow(/several stores \(1, 2\).*--store/)
    expect((await shop.store.listUsers('shop', null, 10)).rows).toEqual([])
    await shop.import({ from, store: '2' })
    expect((await shop.store.findUser('shop', '1'))?.roles).toEqual([])
    expect((await shop.store.findUser('shop', '2'))?.roles).toEqual(['admin'])
  })
})

test('who has not confirmed the address comes disabled, if the shop asks for that', async () => {
  const shop = await openShop()
  const from = dumpOf([
    { email: 'ann@example.com', confirmed_at: '2026-01-01 00:00:00' },
    { email: 'bob@example.com' },
  ])
  await shop.import({ from, confirmedOnly: true })
  const { rows } = await shop.store.listUsers('shop', null, 10)
  expect(rows.map(({ disabled }) => disabled)).toEqual([false, true])
})

test('who was deleted here does not come back', async () => {
  const shop = await openShop()
  await shop.import({ from: SAMPLE })
  await shop.store.deleteUser('shop', '2')
  expect((await shop.import({ from: SAMPLE })).user).toMatchObject({ known: 3, refused: 1 })
  expect(await shop.store.findCurrentUser('shop', '2')).toBeNull()
})

import { describe, expect, it } from 'vitest'
import { AdminError } from '../../src/admin/operations/admin-error.ts'
import { addClientSecret } from '../../src/admin/operations/client-secrets.ts'
import { updateClient } from '../../src/admin/operations/clients.ts'
import { applyTenant, type TenantInput } from '../../src/admin/operations/tenants.ts'
import { setPassword, updateUser } from '../../src/admin/operations/users.ts'
import { parseConfig } from '../../src/config/load.ts'
import { Secret } from '../../src/protocol/secret.ts'
import type { Store } from '../../src/store/store.ts'
import { TENANT } from '../harness.ts'
import { newPath, openStore } from '../stores/sqlite-file.ts'
import { type AdminHarness, createAdminHarness } from './harness.ts'

const STRONG = 'cxMZ0tbe604qj_13hibNmc3GDsXUQfpzHt9PvweihFc'
// The password is "spree123".
const BCRYPT = '$2b$04$oUyW7c6vS6sVzqmBeEnPLOANnBMfH0nyyBdtdCGEG6hLvMj5bOEoW'

const LISTED: TenantInput = {
  ...TENANT,
  users: [
    {
      username: 'ada@example.com',
      password: new Secret('correct horse'),
      roles: ['admin'],
      claims: { a: { b: 1, c: 2 } },
    },
    {
      username: 'bob',
      id: 'auth0|bob',
      email: 'bob@example.com',
      password: 'battery staple',
      scopes: ['read'],
    },
    { username: 'imported', passwordHash: new Secret(BCRYPT) },
    { username: 'silent' },
  ],
  clients: [
    {
      id: 'strong',
      secret: new Secret(STRONG),
      name: 'Strong',
      grants: ['client_credentials'],
      scopes: ['admin'],
    },
    { id: 'weak', secret: 'secret', grants: ['password', 'refresh_token'] },
    { id: 'open', public: true, grants: [] },
  ],
}

/** Counts what is written; tokens are not counted. */
function spy(store: Store): string[] {
  const writes: string[] = []
  for (const name of [
    'saveTenant',
    'insertUser',
    'updateUser',
    'deleteUser',
    'insertClient',
    'updateClient',
    'deleteClient',
    'saveFact',
  ] as const) {
    const method = store[name] as (...parameters: unknown[]) => Promise<unknown>
    Object.assign(store, {
      [name]: (...parameters: unknown[]) => {
        writes.push(name)
        return method(...parameters)
      },
    })
  }
  return writes
}

async function setUp(store?: Store): Promise<AdminHarness & { writes: string[] }> {
  const harness = await createAdminHarness({ tenants: [], ...(store !== undefined && { store }) })
  return { ...harness, writes: spy(harness.store) }
}

const outcomes = (report: Awaited<ReturnType<typeof applyTenant>>) =>
  report.items.map(({ outcome }) => outcome)

describe('a listed tenant', () => {
  it.each(['memory', 'SQLite'])(
    'is made, and a second time nothing is written or hashed (%s)',
    async (kind) => {
      const { operations, writes, hashed, advance } = await setUp(
        kind === 'SQLite' ? await openStore(newPath()) : undefined,
      )
      const first = await applyTenant(operations, LISTED)
      expect(first).toMatchObject({ tenant: 'dodici' })
      expect(first.items.map(({ path, kind, id, outcome }) => [path, kind, id, outcome])).toEqual([
        ['', 'tenant', 'dodici', 'created'],
        ['clients[0]', 'client', 'strong', 'created'],
        ['clients[1]', 'client', 'weak', 'created'],
        ['clients[2]', 'client', 'open', 'created'],
        ['users[0]', 'user', expect.stringMatching(/^auth0\|[0-9a-f]{24}$/), 'created'],
        ['users[1]', 'user', 'auth0|bob', 'created'],
        ['users[2]', 'user', expect.any(String), 'created'],
        ['users[3]', 'user', expect.any(String), 'created'],
      ])
      // Two passwords and one weak secret.
      expect(hashed()).toBe(3)
      expect(writes.length).toBeGreaterThan(0)
      for (const seconds of [0, 10_000]) {
        advance(seconds)
        writes.length = 0
        const again = await applyTenant(operations, LISTED)
        expect(new Set(outcomes(again))).toEqual(new Set(['unchanged']))
        expect(again.items.map(({ id }) => id)).toEqual(first.items.map(({ id }) => id))
        expect([writes, hashed()]).toEqual([[], 3])
      }
    },
  )

  it('is reported without its secrets', async () => {
    const { operations } = await setUp()
    const reports = [await applyTenant(operations, LISTED), await applyTenant(operations, LISTED)]
    for (const secret of ['correct horse', 'battery staple', STRONG, 'secret', BCRYPT, 'sha256:', 'argon2']) {
      expect(JSON.stringify(reports)).not.toContain(secret)
    }
  })

  it('has what is listed, so that users and clients get tokens', async () => {
    const { operations, post } = await createAdminHarness()
    await applyTenant(operations, LISTED)
    const login = async (username: string, password: string) =>
      (await post('/spree_oauth/token', { grant_type: 'password', username, password })).status
    expect(await login('ADA@example.com', 'correct horse')).toBe(200)
    expect(await login('bob@example.com', 'battery staple')).toBe(200)
    expect(await login('silent', '')).toBe(400)
    const machine = { grant_type: 'client_credentials', client_id: 'strong', client_secret: STRONG }
    expect((await post('/oauth/token', machine)).status).toBe(200)
  })

  it('is what the configuration file gives', async () => {
    const { operations, writes } = await setUp()
    const { config } = parseConfig({
      tenants: [
        {
          id: 'shop',
          hosts: ['shop.example'],
          issuer: 'https://shop.example/',
          surfaces: { newstore: { sunset: '2030-01-01', azp: 'x' }, spree: {} },
          users: [{ username: 'ada', password: 'correct horse' }],
          clients: [
            { id: 'c', secret: STRONG, expiresIn: 60 },
            { id: 'p', public: true },
          ],
        },
      ],
    })
    for (const tenant of config.tenants) await applyTenant(operations, tenant)
    writes.length = 0
    for (const tenant of config.tenants) await applyTenant(operations, tenant)
    expect(writes).toEqual([])
    expect((await operations.store.findClient('shop', 'c'))?.expiresIn).toBe(60)
  })
})

describe('a change of the list', () => {
  const changed: readonly [string, TenantInput, Record<string, readonly string[]>][] = [
    ['the issuer', { ...LISTED, issuer: 'https://new.example/' }, { '': ['issuer'] }],
    ['a surface', { ...LISTED, surfaces: { spree: { expiresIn: 5 } } }, { '': ['surfaces'] }],
    ['roles', { ...LISTED, users: with0(LISTED.users, { roles: [] }) }, { 'users[0]': ['roles'] }],
    [
      'claims',
      { ...LISTED, users: with0(LISTED.users, { claims: { a: { c: 2 } } }) },
      { 'users[0]': ['claims'] },
    ],
    [
      'a password',
      { ...LISTED, users: with0(LISTED.users, { password: 'new' }) },
      { 'users[0]': ['password'] },
    ],
    ['an address', { ...LISTED, users: with0(LISTED.users, { email: 'a@b' }) }, { 'users[0]': ['email'] }],
    [
      'a disabled user',
      { ...LISTED, users: with0(LISTED.users, { disabled: true }) },
      { 'users[0]': ['disabled'] },
    ],
    ['grants', { ...LISTED, clients: with0(LISTED.clients, { grants: [] }) }, { 'clients[0]': ['grants'] }],
    [
      'a secret',
      { ...LISTED, clients: with0(LISTED.clients, { secret: 'new' }) },
      { 'clients[0]': ['secret'] },
    ],
    [
      'the type of a client',
      { ...LISTED, clients: with0(LISTED.clients, { secret: null, public: true, grants: ['password'] }) },
      { 'clients[0]': ['public', 'grants', 'secret'] },
    ],
  ]

  function with0<Item>(items: readonly Item[], change: Partial<Item>): Item[] {
    return items.map((item, index) => (index === 0 ? { ...item, ...change } : item))
  }

  it.each(changed)('of %s is written, alone and once', async (_, input, fields) => {
    const { operations, writes } = await setUp()
    await applyTenant(operations, LISTED)
    writes.length = 0
    const report = await applyTenant(operations, input)
    const updated = report.items.filter(({ outcome }) => outcome === 'updated')
    expect(Object.fromEntries(updated.map((item) => [item.path, item.fields]))).toEqual(fields)
    expect(report.items.filter(({ outcome }) => outcome === 'created')).toEqual([])
    expect(writes).toHaveLength(1)
    writes.length = 0
    expect(new Set(outcomes(await applyTenant(operations, input)))).toEqual(new Set(['unchanged']))
    expect(writes).toEqual([])
  })

  it('leaves alone who is not listed any more', async () => {
    const { operations, store } = await setUp()
    await applyTenant(operations, LISTED)
    await applyTenant(operations, { ...LISTED, users: [], clients: [] })
    expect(await store.findUser('dodici', 'auth0|bob')).not.toBeNull()
    expect(await store.findClient('dodici', 'weak')).not.toBeNull()
  })

  it('undoes what was changed elsewhere', async () => {
    const { operations } = await setUp()
    await applyTenant(operations, LISTED)
    await updateUser(operations, 'dodici', 'auth0|bob', { roles: ['root'], email: null })
    await updateClient(operations, 'dodici', 'weak', { name: 'x' })
    await setPassword(operations, 'dodici', 'auth0|bob', 'changed')
    const { items } = await applyTenant(operations, LISTED)
    expect(
      items.filter(({ outcome }) => outcome !== 'unchanged').map(({ path, fields }) => [path, fields]),
    ).toEqual([
      ['clients[1]', ['name']],
      ['users[1]', ['email', 'roles', 'password']],
    ])
  })

  it('of a password or to disabled ends the tokens, of anything else not', async () => {
    const { operations, store, now } = await setUp()
    await applyTenant(operations, LISTED)
    const endOf = async () => (await store.findUser('dodici', 'auth0|bob'))?.tokensValidAfter
    const bob = LISTED.users[1]
    const apply = (change: object) =>
      applyTenant(operations, { ...LISTED, users: [{ username: 'bob', ...bob, ...change }] })
    await apply({ roles: ['x'], scopes: null })
    expect(await endOf()).toBe(0)
    await apply({ password: 'new' })
    expect(await endOf()).toBe(now() + 1)
    await apply({ password: 'new', disabled: true })
    expect(await endOf()).toBe(now() + 2)
    await apply({ password: 'new' })
    expect(await endOf()).toBe(now() + 2)
  })
})

describe('a listed secret', () => {
  it('takes the place of the one that was listed before, and of no other', async () => {
    const { operations, store } = await setUp()
    await applyTenant(operations, LISTED)
    await addClientSecret(operations, 'dodici', 'strong', { name: 'by hand' })
    await applyTenant(operations, { ...LISTED, clients: [{ id: 'strong', secret: 'new' }] })
    const secrets = (await store.findClient('dodici', 'strong'))?.secrets ?? []
    expect(secrets.map(({ name }) => name)).toEqual(['by hand', 'configuration'])
    const { items } = await applyTenant(operations, {
      ...LISTED,
      clients: [{ id: 'strong', secret: STRONG }],
    })
    expect(items[1]?.fields).toEqual(['secret'])
  })

  it('is unchanged where it is one of several', async () => {
    const { operations, writes, hashed } = await setUp()
    await applyTenant(operations, LISTED)
    await addClientSecret(operations, 'dodici', 'weak', { secret: 'other', othersExpireIn: 60 })
    writes.length = 0
    const before = hashed()
    await applyTenant(operations, {
      ...LISTED,
      clients: [{ id: 'weak', secret: 'other', grants: ['password', 'refresh_token'] }],
    })
    expect([writes, hashed() - before]).toEqual([[], 0])
  })
})

describe('a listed password hash', () => {
  it('is applied once: what replaced it since stays', async () => {
    const { operations, store, writes } = await setUp()
    const users = [{ username: 'ada', id: 'ada', passwordHash: BCRYPT }]
    const list = { ...LISTED, users }
    await applyTenant(operations, list)
    const upgraded = await operations.passwords.hash('spree123')
    const rehash = { tenant: 'dodici', userId: 'ada', from: BCRYPT, to: upgraded }
    await store.issue({ spend: null, extend: null, row: null, rehash })
    writes.length = 0
    await applyTenant(operations, list)
    expect(writes).toEqual([])
    expect((await store.findUser('dodici', 'ada'))?.passwordHash).toBe(upgraded)

    const other = BCRYPT.replace('$2b$04$o', '$2b$04$p')
    const report = await applyTenant(operations, {
      ...list,
      users: [{ username: 'ada', passwordHash: other }],
    })
    expect(report.items.at(-1)?.fields).toEqual(['password'])
    expect((await store.findUser('dodici', 'ada'))?.passwordHash).toBe(other)
  })

  it('is remembered even if the process ended before it could be', async () => {
    const { operations, store, writes } = await setUp()
    const list = { ...LISTED, users: [{ username: 'ada', passwordHash: BCRYPT }], clients: [] }
    await applyTenant(operations, { ...list, users: [] })
    await createUserRow(store)
    writes.length = 0
    expect(outcomes(await applyTenant(operations, list))).toEqual(['unchanged', 'unchanged'])
    expect(writes).toEqual(['saveFact'])
    writes.length = 0
    await applyTenant(operations, list)
    expect(writes).toEqual([])
  })

  async function createUserRow(store: Store): Promise<void> {
    await store.insertUser({
      tenant: 'dodici',
      id: 'ada',
      username: 'ada',
      email: null,
      passwordHash: BCRYPT,
      roles: [],
      scopes: null,
      claims: {},
      disabled: false,
      tokensValidAfter: 0,
      createdAt: 0,
      version: 1,
    })
  }
})

describe('a list that can not be applied', () => {
  it('is refused with all problems before anything is written', async () => {
    const { operations, writes } = await setUp()
    const input: TenantInput = {
      ...LISTED,
      users: [
        { username: '' },
        { username: 'u', id: 'strong' },
        { username: 'v', password: 'p', passwordHash: BCRYPT },
        { username: 'w', claims: { iss: 'x' } },
      ],
      clients: [...LISTED.clients, { id: 'x', public: true, grants: ['client_credentials'] }],
    }
    const error = await applyTenant(operations, input).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(AdminError)
    expect(error).toMatchObject({ code: 'invalid' })
    expect((error as AdminError).problems.map(({ path }) => path)).toEqual([
      'clients[3].grants[0]',
      'users[0].username',
      'users[2].passwordHash',
      'users[3].claims',
      'users[1].id',
    ])
    expect(writes).toEqual([])
  })

  it.each<[string, Partial<TenantInput>, RegExp]>([
    ['a user with the id of a listed client', { users: [{ username: 'u', id: 'weak' }] }, /users\[0\]\.id/],
    [
      'a user with the id of a stored client',
      { users: [{ username: 'u', id: 'weak' }], clients: [] },
      /client/,
    ],
    ['a client with the id of a stored user', { users: [], clients: [{ id: 'bob2', public: true }] }, /user/],
    ['a user name that is another’s', { users: [{ username: 'bob', id: 'bob3' }] }, /users\[0\]/],
    ['a user name that is another’s address', { users: [{ username: 'bob@example.com' }] }, /users\[0\]/],
    [
      'an address that is another’s',
      { users: [{ username: 'silent', email: 'BOB@example.com' }] },
      /users\[0\]/,
    ],
    ['a new client without a secret', { clients: [{ id: 'new' }] }, /clients\[0\]\.secret/],
    ['a host of another tenant', { hosts: ['other.example'] }, /other\.example/],
  ])('is refused with the place before anything is written: %s', async (_, change, message) => {
    const { operations, store, writes } = await setUp()
    await applyTenant(operations, { ...LISTED, users: [...LISTED.users, { username: 'bob2', id: 'bob2' }] })
    await store.saveTenant({ ...TENANT, id: 'other', hosts: ['other.example'] })
    writes.length = 0
    await expect(applyTenant(operations, { ...LISTED, ...change })).rejects.toThrow(message)
    expect(writes).toEqual([])
  })

  it('gives the id of a deleted user to nobody', async () => {
    const { operations, store } = await setUp()
    await applyTenant(operations, LISTED)
    await store.deleteUser('dodici', 'auth0|bob')
    await expect(applyTenant(operations, LISTED)).rejects.toMatchObject({ code: 'conflict' })
  })
})

it('many nodes that apply the same list at once agree', async () => {
  const { operations, store } = await setUp(await openStore(newPath()))
  const reports = await Promise.all(Array.from({ length: 4 }, () => applyTenant(operations, LISTED)))
  const created = reports.flatMap(({ items }) =>
    items.filter(({ outcome, kind }) => outcome === 'created' && kind !== 'tenant'),
  )
  expect(created.map(({ path }) => path).toSorted()).toEqual([
    'clients[0]',
    'clients[1]',
    'clients[2]',
    'users[0]',
    'users[1]',
    'users[2]',
    'users[3]',
  ])
  expect((await store.listUsers('dodici', null, 100)).rows).toHaveLength(4)
  expect((await store.listClients('dodici', null, 100)).rows).toHaveLength(3)
})

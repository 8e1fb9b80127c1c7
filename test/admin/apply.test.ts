import { describe, expect, it } from 'vitest'
import { updateClient } from '../../src/admin/operations/clients.ts'
import { applyTenant, type TenantInput } from '../../src/admin/operations/tenants.ts'
import { setPassword, updateUser } from '../../src/admin/operations/users.ts'
import { parseConfig } from '../../src/config/load.ts'
import { newPath, openStore } from '../stores/sqlite-file.ts'
import { createAdminHarness } from './harness.ts'
import { BCRYPT, LISTED, STRONG, setUp } from './listed.ts'

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
    // Whoever loses tokens by it leaves the end of them as a fact.
    expect(writes.filter((write) => write !== 'saveFact')).toHaveLength(1)
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

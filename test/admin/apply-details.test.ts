import { describe, expect, it } from 'vitest'
import { AdminError } from '../../src/admin/operations/admin-error.ts'
import { addClientSecret } from '../../src/admin/operations/client-secrets.ts'
import { applyTenant, type TenantInput } from '../../src/admin/operations/tenants.ts'
import type { Store } from '../../src/store/store.ts'
import { TENANT } from '../harness.ts'
import { newPath, openStore } from '../stores/sqlite-file.ts'
import { BCRYPT, LISTED, STRONG, setUp } from './listed.ts'

const outcomes = (report: Awaited<ReturnType<typeof applyTenant>>) =>
  report.items.map(({ outcome }) => outcome)

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

import { expect, test } from 'vitest'
import type { ChangedHere, ImportItem, ImportReader, Refused, RowRules } from '../../src/import/import.ts'
import { runImport } from '../../src/import/writer.ts'
import { BY_SERVER, changeEvent } from '../../src/store/change-event.ts'
import { StoreUnavailable } from '../../src/store/errors.ts'
import type { Store } from '../../src/store/store.ts'
import { createMemoryStore } from '../../src/stores/memory.ts'
import { clientRow, hashOf, NOW, userRow } from '../stores/conformance/fixture.ts'

const RULES: RowRules = {
  user: ({ id, username, email, roles }) => userRow({ id, username, email, roles }),
  client: async ({ id }) => ({ row: clientRow({ id }), secret: '' }),
}

function user(id: string, username = id): ImportItem {
  const rest = { email: null, passwordHash: null, roles: [], createdAt: NOW }
  return { kind: 'user', place: `user ${id}`, user: { id, username, ...rest } }
}

function client(id: string): ImportItem {
  const rest = { name: null, public: false, secret: null, grants: [], scopes: [], createdAt: NOW }
  return { kind: 'client', place: `client ${id}`, client: { id, ...rest } }
}

function token(number: number, userId: string | null, clientId: string | null = null): ImportItem {
  const ends = { accessExpiresAt: NOW + 60, refreshExpiresAt: null, familyExpiresAt: null }
  const hashes = { accessHash: hashOf(number), refreshHash: null, replaces: null }
  const rest = { surface: 'spree', grantType: 'password', scope: [], issuedAt: NOW } as const
  return { kind: 'token', place: `token ${number}`, token: { userId, clientId, ...rest, ...ends, ...hashes } }
}

async function write(store: Store, items: readonly ImportItem[], rules = RULES) {
  const refused: (Refused | ChangedHere)[] = []
  const reader: ImportReader = {
    async *items() {
      yield* items
    },
    hasTokens: true,
    progress: () => null,
    notes: () => [],
    close: async () => {},
  }
  const report = await runImport(reader, {
    tenant: 'acme',
    target: store,
    rules,
    overwritesChanged: false,
    eventOf: (type, changed) => changeEvent(BY_SERVER, NOW * 1000, type, { tenant: 'acme', ...changed }),
    endOfTokens: null,
    now: NOW,
    onRefused: (refusal) => void refused.push(refusal),
  })
  return { report, refused: refused.map(({ place, reason }) => `${place} ${reason}`) }
}

const memory = () => createMemoryStore({ clock: () => NOW * 1000 })

test('a client is no user, and a user no client, in whatever order they come', async () => {
  const store = memory()
  await store.insertClient(clientRow({ id: 'known' }))
  const { refused } = await write(store, [user('known'), user('a'), client('a'), client('b'), user('b')])
  expect(refused).toEqual([
    expect.stringMatching(/^user known has the id of a client/),
    expect.stringMatching(/^client a has the id of a user/),
    expect.stringMatching(/^user b has the id of a client/),
  ])
  expect(await store.findUser('acme', 'a')).not.toBeNull()
  expect(await store.findCurrentClient('acme', 'a')).toBeNull()
})

test('tokens of whoever was refused are refused, and of clients who are not there', async () => {
  const store = memory()
  const items = [
    user('a', 'same'),
    user('b', 'same'),
    client('c'),
    token(1, 'a', 'c'),
    token(2, 'b'),
    token(3, 'a', 'd'),
  ]
  const { report, refused } = await write(store, items)
  expect(refused.slice(1)).toEqual(['token 2 its user was refused', 'token 3 its client is not here'])
  expect(report.token).toMatchObject({ found: 3, imported: 1, known: 0, leftOut: {}, refused: 2 })
})

test('a database that is busy for a moment is tried again', async () => {
  const store = memory()
  const asked = new Set<string>()
  const once = <Answer>(name: string, ask: () => Promise<Answer>): Promise<Answer> => {
    if (asked.has(name)) return ask()
    asked.add(name)
    return Promise.reject(new StoreUnavailable('busy'))
  }
  const busy: Store = {
    ...store,
    importUsers: (rows) => once('importUsers', () => store.importUsers(rows)),
    importClient: (row, mark) => once('importClient', () => store.importClient(row, mark)),
    findKnownClient: (tenant, id) => once('findKnownClient', () => store.findKnownClient(tenant, id)),
  }
  const { report } = await write(busy, [user('a'), client('b')])
  expect([asked.size, report.user.imported, report.client.imported]).toEqual([3, 1, 1])
})

test('a client that is made or changed between the look and the write is looked at again', async () => {
  const store = memory()
  await write(store, [client('known')])
  const named = (name: string) => async () => ({ row: clientRow({ id: 'known', name }), secret: '' })
  const raced = new Set<string>()
  const racing: Store = {
    ...store,
    async importClient(row, mark) {
      await store.insertClient(row)
      await store.importClient(row, mark)
    },
    async followClient(change) {
      if (!raced.has(change.from.id)) {
        raced.add(change.from.id)
        await store.rehashClient({ ...change.from, secrets: [] })
      }
      await store.followClient(change)
    },
  }
  const made = await write(racing, [client('new')])
  expect(made.report.client).toMatchObject({ found: 1, known: 1, refused: 0 })
  const { report } = await write(racing, [client('known')], { ...RULES, client: named('Other') })
  expect(report.client).toMatchObject({ found: 1, updated: 1, refused: 0 })
  expect(await store.findCurrentClient('acme', 'known')).toMatchObject({ name: 'Other', version: 3 })
})

test('who is changed between the look and the write is looked at again', async () => {
  const store = memory()
  await write(store, [user('a'), user('b'), user('c')])
  const meanwhile = { disabled: true, username: 'free' }
  let writes = 0
  const racing: Store = {
    ...store,
    async followUsers(users) {
      writes += 1
      if (writes === 1)
        await store.updateUser({ ...userRow({ id: 'b', username: 'b', email: null }), ...meanwhile })
      return await store.followUsers(users)
    },
  }
  const { report, refused } = await write(racing, [user('a', 'new-a'), user('b', 'new-b'), user('c')])
  expect(report.user).toMatchObject({ found: 3, updated: 1, known: 1, changedHere: 1, refused: 0 })
  expect(refused).toEqual([
    expect.stringMatching(/^user b was changed here since .* in: username, .*disabled$/),
  ])
  expect(await store.findCurrentUser('acme', 'b')).toMatchObject(meanwhile)
})

test('any other failure ends the run', async () => {
  const broken: Store = { ...memory(), importTokens: () => Promise.reject(new Error('a bug')) }
  await expect(write(broken, [token(1, 'a')])).rejects.toThrow('a bug')
})

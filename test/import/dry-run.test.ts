/** A dry run says of each row what the run would do. */
import { expect, test } from 'vitest'
import { createDryRun } from '../../src/import/dry-run.ts'
import type { Store } from '../../src/store/store.ts'
import { createMemoryStore } from '../../src/stores/memory.ts'
import { hashOf, NOW, tokenRow, userRow } from '../stores/conformance/fixture.ts'

const user = (id: string, username = id) => userRow({ id, username, email: null })

/** A store that answers first what it was asked about the user `b`. */
function lateStore(): Store {
  const store = createMemoryStore({ clock: () => NOW * 1000 })
  return {
    ...store,
    async findCurrentUser(tenant, id) {
      if (id !== 'b') await new Promise((resolve) => setImmediate(resolve))
      return await store.findCurrentUser(tenant, id)
    },
  }
}

test('who was deleted does not come, and of two with one name the first does', async () => {
  const store = lateStore()
  await store.insertUser(user('gone'))
  await store.deleteUser('acme', 'gone')
  await store.insertUser(user('here'))
  const users = [user('gone'), user('here'), user('a', 'same'), user('b', 'same'), user('c', 'here')]
  const expected = ['deleted', 'known', 'imported', 'name_taken', 'name_taken']
  expect(await createDryRun(store).importUsers(users)).toEqual(expected)
  expect(await store.importUsers(users)).toEqual(expected)
})

test('a token comes once, and those of another tenant do not count', async () => {
  const store = createMemoryStore({ clock: () => NOW * 1000 })
  const known = tokenRow(store.nextKey())
  const elsewhere = tokenRow(store.nextKey(), { tenant: 'other' })
  await store.importTokens([known, elsewhere])
  const rows = [
    { ...known, key: store.nextKey() },
    { ...elsewhere, tenant: 'acme', key: store.nextKey() },
    { ...elsewhere, tenant: 'acme', key: store.nextKey(), refreshHash: hashOf(0.5) },
  ]
  expect(await createDryRun(store).importTokens(rows)).toBe(1)
  expect(await store.importTokens(rows)).toBe(1)
})

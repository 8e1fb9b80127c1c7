import { describe, expect, test } from 'vitest'
import type { Store } from '../../../src/store/store.ts'
import { clientRow, NOW, type Open, tokenRow, userRow, write } from './fixture.ts'

/** Users and clients are read so often that a store may keep them: never beyond a change. */
export function describeKeptRows(open: Open): void {
  /** Finds each in each way there is, so that whatever is kept was kept now. */
  async function findAll(store: Store) {
    return {
      client: await store.findClient('acme', 'shop'),
      user: await store.findUser('acme', 'u-1'),
      named: await store.findUserByLogin('acme', 'anna'),
    }
  }

  async function filled(): Promise<Store> {
    const store = await open()
    await store.insertClient(clientRow())
    await store.insertUser(userRow({ id: 'u-1', username: 'anna', email: null, passwordHash: 'weak' }))
    await findAll(store)
    await findAll(store)
    return store
  }

  describe('clients and users that were found before', () => {
    test('are found as they are after an update', async () => {
      const store = await filled()
      await store.updateClient(clientRow({ disabled: true }))
      expect((await findAll(store)).client).toMatchObject({ disabled: true, version: 2 })
      const user = await store.findUser('acme', 'u-1')
      if (user === null) throw new Error('there is no user')
      await store.updateUser({ ...user, disabled: true })
      const found = await findAll(store)
      expect([found.user?.disabled, found.named?.disabled]).toEqual([true, true])
    })

    test('are not found once they are deleted, nor a user by a name given up', async () => {
      const store = await filled()
      const user = await store.findUser('acme', 'u-1')
      if (user === null) throw new Error('there is no user')
      await store.updateUser({ ...user, username: 'berta' })
      expect(await findAll(store)).toMatchObject({ user: { username: 'berta' }, named: null })
      await store.deleteUser('acme', 'u-1')
      await store.deleteClient('acme', 'shop')
      expect(await findAll(store)).toEqual({ client: null, user: null, named: null })
    })

    test('are found where they were not before', async () => {
      const store = await open()
      expect(await findAll(store)).toEqual({ client: null, user: null, named: null })
      await store.insertClient(clientRow())
      await store.insertUser(userRow({ id: 'u-1', username: 'anna', email: null }))
      expect(await findAll(store)).toMatchObject({
        client: { id: 'shop' },
        user: { id: 'u-1' },
        named: { id: 'u-1' },
      })
    })

    test('tell of the end of all tokens of their tenant', async () => {
      const store = await filled()
      await store.endTokens('acme', NOW + 5)
      const { client, user, named } = await findAll(store)
      expect([client, user, named].map((row) => row?.tokensValidAfter)).toEqual([NOW + 5, NOW + 5, NOW + 5])
    })

    test('have the hash of the password that an issue gave them', async () => {
      const store = await filled()
      const rehash = { tenant: 'acme', userId: 'u-1', from: 'weak', to: 'strong' }
      await store.issue(write({ row: tokenRow(store.nextKey()), rehash }))
      const { user, named } = await findAll(store)
      expect([user?.passwordHash, named?.passwordHash]).toEqual(['strong', 'strong'])
    })
  })
}

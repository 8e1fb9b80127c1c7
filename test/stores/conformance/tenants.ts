import { describe, expect, test } from 'vitest'
import { clientRow, inParallel, NOW, type Open, tenantRow, userRow } from './fixture.ts'

export function describeTenants(open: Open): void {
  describe('tenants', () => {
    test('are listed as they were saved last', async () => {
      const store = await open()
      expect(await store.listTenants()).toEqual([])
      const other = tenantRow({ id: 'other', hosts: [], signingAlgorithm: 'EdDSA', surfaces: null })
      await store.saveTenant(other)
      await store.saveTenant(tenantRow())
      const changed = tenantRow({ hosts: ['a.example', 'b.example'], surfaces: {} })
      await store.saveTenant(changed)
      expect(await store.listTenants()).toEqual([changed, other])
    })

    test('end all their tokens: of users and clients that are there, and of those that come later', async () => {
      const store = await open()
      const [early, late] = [
        userRow(),
        userRow({ id: 'u-2', username: 'bob', email: null, tokensValidAfter: NOW + 9 }),
      ]
      await store.insertUser(early)
      await store.insertUser(late)
      await store.insertClient(clientRow())
      const elsewhere = userRow({ tenant: 'other' })
      await store.insertUser(elsewhere)
      for (const time of [NOW, NOW + 5, NOW + 1]) await store.endTokens('acme', time)

      const ended = { ...early, tokensValidAfter: NOW + 5 }
      expect(await store.findUser('acme', early.id)).toEqual(ended)
      expect(await store.findUserByLogin('acme', 'ann')).toEqual(ended)
      expect((await store.listUsers('acme', null, 9)).rows).toEqual([ended, late])
      const client = clientRow({ tokensValidAfter: NOW + 5 })
      expect(await store.findClient('acme', 'shop')).toEqual(client)
      expect((await store.listClients('acme', null, 9)).rows).toEqual([client])
      expect(await store.findUser('other', elsewhere.id)).toEqual(elsewhere)

      const [newUser, newClient] = [
        userRow({ id: 'u-3', username: 'eve', email: null }),
        clientRow({ id: 'erp' }),
      ]
      await store.insertUser(newUser)
      await store.insertClient(newClient)
      expect((await store.findUser('acme', 'u-3'))?.tokensValidAfter).toBe(NOW + 5)
      expect((await store.findClient('acme', 'erp'))?.tokensValidAfter).toBe(NOW + 5)
      // What is written back is as it was read.
      await store.updateUser({ ...ended, tokensValidAfter: NOW + 7 })
      expect((await store.findUser('acme', early.id))?.tokensValidAfter).toBe(NOW + 7)
    })
  })

  describe('facts', () => {
    test('are found as they were saved last', async () => {
      const store = await open()
      expect(await store.findFact('config')).toBeNull()
      await store.saveFact('config', 'digest 1')
      await store.saveFact('other', '')
      await store.saveFact('config', 'digest 2')
      expect(await store.findFact('config')).toBe('digest 2')
      expect(await store.findFact('other')).toBe('')
    })

    test('are claimed once, whoever claims them at the same time', async () => {
      const store = await open()
      const values = await inParallel(20, (index) => store.claimFact('owner', `node ${index}`))
      expect(new Set(values).size).toBe(1)
      expect(await store.findFact('owner')).toBe(values[0])
      expect(await store.claimFact('owner', 'late')).toBe(values[0])
      await store.saveFact('owner', 'named')
      expect(await store.claimFact('owner', 'late')).toBe('named')
      expect(await store.claimFact('empty', '')).toBe('')
      expect(await store.claimFact('empty', 'late')).toBe('')
    })
  })

  describe('check', () => {
    test('passes where the database can be read and written', async () => {
      const store = await open()
      await store.check()
      await store.check()
    })
  })
}

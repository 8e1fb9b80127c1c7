import { describe, expect, test } from 'vitest'
import { inParallel, type Open, tenantRow } from './fixture.ts'

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

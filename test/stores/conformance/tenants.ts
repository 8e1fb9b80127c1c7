import { describe, expect, test } from 'vitest'
import { type Open, tenantRow } from './fixture.ts'

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
  })

  describe('check', () => {
    test('passes where the database can be read and written', async () => {
      const store = await open()
      await store.check()
      await store.check()
    })
  })
}

import { describe, expect, test } from 'vitest'
import type { SpentAssertion } from '../../../src/store/spent-assertions.ts'
import { clientRow, inParallel, NOW, type Open } from './fixture.ts'

function assertion(columns: Partial<SpentAssertion> = {}): SpentAssertion {
  return { tenant: 'acme', signer: 'shop', digest: 'one', expiresAt: NOW + 60, ...columns }
}

export function describeSpentAssertions(open: Open): void {
  describe('assertions of clients', () => {
    test('T072 of 100 that are spent at once each is spent by one', async () => {
      const store = await open()
      const outcomes = await inParallel(100, async (index) => {
        const digest = `a-${index % 4}`
        return (await store.spendAssertion(assertion({ digest }))) ? digest : null
      })
      expect(outcomes.filter((digest) => digest !== null).toSorted()).toEqual(['a-0', 'a-1', 'a-2', 'a-3'])
      expect(await store.spendAssertion(assertion({ digest: 'a-0', expiresAt: NOW + 90 }))).toBe(false)
    })

    test('T072 are those of a tenant and a client', async () => {
      const store = await open()
      const all = [
        assertion(),
        assertion({ tenant: 'other' }),
        assertion({ signer: 'till' }),
        assertion({ digest: 'two' }),
      ]
      for (const each of all) expect(await store.spendAssertion(each)).toBe(true)
      for (const each of all) expect(await store.spendAssertion(each)).toBe(false)
    })

    test('are no proofs of a key, though one were named as the other', async () => {
      const store = await open()
      const proof = assertion({ digest: 'dpop:one' })
      for (const each of [assertion(), proof]) expect(await store.spendAssertion(each)).toBe(true)
      for (const each of [assertion(), proof]) expect(await store.spendAssertion(each)).toBe(false)
    })

    test('T072 stay spent when the client is deleted and made anew', async () => {
      const store = await open()
      await store.insertClient(clientRow())
      expect(await store.spendAssertion(assertion())).toBe(true)
      await store.deleteClient('acme', 'shop')
      await store.insertClient(clientRow())
      expect(await store.spendAssertion(assertion())).toBe(false)
    })

    test('V-09 are purged when they have expired, as many as asked for', async () => {
      const store = await open()
      await inParallel(5, (index) =>
        store.spendAssertion(assertion({ digest: String(index), expiresAt: NOW + index })),
      )
      expect(await store.purge(NOW - 1, 10)).toBe(0)
      expect(await store.purge(NOW + 3, 3)).toBe(3)
      expect(await store.purge(NOW + 3, 3)).toBe(1)
      expect(await store.purge(NOW + 3, 3)).toBe(0)
      expect(await store.spendAssertion(assertion({ digest: '4' }))).toBe(false)
      expect(await store.spendAssertion(assertion({ digest: '3' }))).toBe(true)
    })
  })
}

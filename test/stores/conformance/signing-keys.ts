import { describe, expect, test } from 'vitest'
import { inParallel, NOW, type Open, signingKeyRow } from './fixture.ts'
import { EXISTS } from './users.ts'

export function describeSigningKeys(open: Open): void {
  describe('signing keys', () => {
    test('are listed as they were given, by tenant', async () => {
      const store = await open()
      const active = signingKeyRow()
      const announced = signingKeyRow({ kid: 'k-2', state: 'announced', sealedPrivateKey: null })
      const other = signingKeyRow({ tenant: 'other', publicJwk: '{"kty":"EC"}' })
      expect(await store.createSigningKeys([active, announced])).toBe(true)
      expect(await store.createSigningKeys([other])).toBe(true)
      expect(await store.listSigningKeys('acme')).toEqual([active, announced])
      expect(await store.listSigningKeys('other')).toEqual([other])
      expect(await store.listSigningKeys('third')).toEqual([])
    })

    test('of another system keep what is expected of their tokens, which can be replaced', async () => {
      const store = await open()
      const imported = { issuer: 'https://old.example/', audience: null }
      const row = signingKeyRow({ state: 'retired', sealedPrivateKey: null, goneAt: NOW + 10, imported })
      await store.createSigningKeys([row])
      expect(await store.listSigningKeys('acme')).toEqual([row])
      const rows = [{ ...row, imported: { issuer: null, audience: 'an API' } }]
      const change = { tenant: 'acme', algorithm: row.algorithm, activeKid: null, rows }
      expect(await store.replaceSigningKeys(change)).toBe(true)
      expect(await store.listSigningKeys('acme')).toEqual(rows)
    })

    test('are created once for a tenant and algorithm', async () => {
      const store = await open()
      const outcomes = await inParallel(20, (index) =>
        store.createSigningKeys([signingKeyRow({ kid: `k-${index}` })]),
      )
      expect(outcomes.filter(Boolean)).toHaveLength(1)
      expect(await store.listSigningKeys('acme')).toHaveLength(1)
      expect(await store.createSigningKeys([signingKeyRow({ kid: 'k-e', algorithm: 'ES256' })])).toBe(true)
      expect(await store.listSigningKeys('acme')).toHaveLength(2)
    })

    test('do not replace a key by another with its kid', async () => {
      const store = await open()
      await store.createSigningKeys([signingKeyRow()])
      const keys = [
        signingKeyRow({ kid: 'k-e', algorithm: 'ES256' }),
        signingKeyRow({ algorithm: 'ES256', state: 'announced' }),
      ]
      await expect(store.createSigningKeys(keys)).rejects.toMatchObject(EXISTS)
      expect(await store.listSigningKeys('acme')).toEqual([signingKeyRow()])
    })

    test('are replaced together, if the active one is who it was thought to be', async () => {
      const store = await open()
      const first = signingKeyRow()
      const second = signingKeyRow({ kid: 'k-2', state: 'announced' })
      await store.createSigningKeys([first, second])
      const rows = [
        { ...second, state: 'active' as const },
        { ...first, state: 'retired' as const, retiredAt: NOW, goneAt: NOW + 10 },
        signingKeyRow({ kid: 'k-3', state: 'announced' }),
      ]
      const change = { tenant: 'acme', algorithm: 'RS256' as const, activeKid: 'k-1', rows }
      expect(await store.replaceSigningKeys({ ...change, tenant: 'other' })).toBe(false)
      expect(await store.replaceSigningKeys({ ...change, algorithm: 'ES256' })).toBe(false)
      expect(await store.replaceSigningKeys({ ...change, activeKid: 'k-2' })).toBe(false)
      expect(await store.replaceSigningKeys({ ...change, activeKid: null })).toBe(false)
      expect(await store.listSigningKeys('acme')).toEqual([first, second])
      const outcomes = await inParallel(5, () => store.replaceSigningKeys(change))
      expect(outcomes.filter(Boolean)).toHaveLength(1)
      expect(await store.listSigningKeys('acme')).toEqual([rows[1], rows[0], rows[2]])
    })

    test('are replaced where none is active, if that was known', async () => {
      const store = await open()
      const verifyOnly = signingKeyRow({ state: 'retired', goneAt: NOW + 10 })
      await store.createSigningKeys([verifyOnly])
      const rows = [{ ...verifyOnly, goneAt: NOW + 20 }]
      const change = { tenant: 'acme', algorithm: 'RS256' as const, activeKid: null, rows }
      expect(await store.replaceSigningKeys({ ...change, activeKid: 'k-1' })).toBe(false)
      expect(await store.replaceSigningKeys(change)).toBe(true)
      expect(await store.listSigningKeys('acme')).toEqual(rows)
    })

    test('T086 never come back once they are withdrawn', async () => {
      const store = await open()
      const first = signingKeyRow()
      const second = signingKeyRow({ kid: 'k-2', state: 'announced' })
      await store.createSigningKeys([first, second])
      const withdrawn = { ...second, state: 'withdrawn' as const, retiredAt: NOW, goneAt: NOW }
      const change = { tenant: 'acme', algorithm: 'RS256' as const, activeKid: 'k-1' }
      expect(await store.replaceSigningKeys({ ...change, rows: [withdrawn] })).toBe(true)
      const rotation = [
        { ...first, state: 'retired' as const, retiredAt: NOW, goneAt: NOW + 10 },
        { ...second, state: 'active' as const },
        signingKeyRow({ kid: 'k-3', state: 'announced' }),
      ]
      for (const rows of [rotation, rotation.toReversed(), [withdrawn], [second]]) {
        expect(await store.replaceSigningKeys({ ...change, rows })).toBe(false)
        expect(await store.listSigningKeys('acme')).toEqual([first, withdrawn])
      }
      await expect(
        store.createSigningKeys([signingKeyRow({ kid: 'k-2', algorithm: 'ES256' })]),
      ).rejects.toMatchObject(EXISTS)
      expect(await store.purgeSigningKeys(NOW + 1_000_000)).toBe(0)
      expect(await store.listSigningKeys('acme')).toEqual([first, withdrawn])
    })

    test('go when they are retired and their time has come', async () => {
      const store = await open()
      const keys = [
        signingKeyRow({ goneAt: NOW }),
        signingKeyRow({ kid: 'k-2', state: 'retired', goneAt: NOW + 1 }),
        signingKeyRow({ kid: 'k-3', state: 'retired', goneAt: NOW }),
        signingKeyRow({ kid: 'k-4', state: 'retired' }),
      ]
      await store.createSigningKeys(keys)
      expect(await store.purgeSigningKeys(NOW)).toBe(1)
      expect(await store.listSigningKeys('acme')).toEqual([keys[0], keys[1], keys[3]])
      expect(await store.purgeSigningKeys(NOW)).toBe(0)
    })
  })
}

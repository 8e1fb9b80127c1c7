import { describe, expect, test } from 'vitest'
import { StoreConflict } from '../../../src/store/errors.ts'
import { hashOf, issued, NOW, type Open, tokenRow } from './fixture.ts'

export function describeImport(open: Open): void {
  describe('importTokens', () => {
    test('adds rows that are found by either hash and by key', async () => {
      const store = await open()
      const row = tokenRow(store.nextKey(), { accessExpiresAt: null, refreshExpiresAt: null })
      const accessOnly = tokenRow(store.nextKey(), { refreshHash: null, refreshExpiresAt: null })
      expect(await store.importTokens([row, accessOnly])).toBe(2)
      expect(await store.findImportedToken(hashOf(row.key), 'acme')).toEqual(row)
      expect(await store.findImportedToken(hashOf(-row.key), 'acme')).toEqual(row)
      expect(await store.findImportedToken(hashOf(accessOnly.key), 'acme')).toEqual(accessOnly)
      expect(await store.findToken(row.key)).toEqual(row)
      expect(await store.importTokens([])).toBe(0)
    })

    test('is idempotent: a row with a known hash is left out', async () => {
      const store = await open()
      const row = tokenRow(store.nextKey())
      await store.importTokens([row])
      const again = { ...row, key: store.nextKey() }
      const accessKnown = tokenRow(store.nextKey(), { accessHash: row.refreshHash, refreshHash: null })
      const fresh = tokenRow(store.nextKey())
      expect(await store.importTokens([again, accessKnown, fresh, { ...fresh, key: store.nextKey() }])).toBe(
        1,
      )
      expect(await store.findImportedToken(hashOf(row.key), 'acme')).toEqual(row)
      expect(await store.findToken(again.key)).toBeNull()
      expect(await store.findToken(accessKnown.key)).toBeNull()
    })

    test('leaves nothing of a row behind of which only the second hash is known', async () => {
      const store = await open()
      const row = tokenRow(store.nextKey())
      await store.importTokens([row])
      const other = tokenRow(store.nextKey(), { refreshHash: row.refreshHash })
      expect(await store.importTokens([other])).toBe(0)
      expect(await store.findImportedToken(hashOf(other.key), 'acme')).toBeNull()
      expect(await store.importTokens([{ ...other, refreshHash: null }])).toBe(1)
      expect(await store.findImportedToken(hashOf(row.key), 'acme')).toEqual(row)
    })

    test('names as parent the row whose refresh token a row replaces, of the same call or of an earlier one', async () => {
      const store = await open()
      const parent = tokenRow(store.nextKey())
      const child = tokenRow(store.nextKey())
      const grandchild = tokenRow(store.nextKey())
      await store.importTokens([parent])
      expect(
        await store.importTokens([
          { ...child, replaces: parent.refreshHash },
          { ...grandchild, replaces: child.refreshHash },
        ]),
      ).toBe(2)
      expect(await store.findToken(child.key)).toEqual({ ...child, parent: parent.key })
      expect(await store.findToken(grandchild.key)).toEqual({ ...grandchild, parent: child.key })
      const orphan = tokenRow(store.nextKey())
      await store.importTokens([{ ...orphan, replaces: hashOf(0.25) }])
      expect(await store.findToken(orphan.key)).toEqual(orphan)
    })

    test('takes a row that has a hash in common with one that was left out', async () => {
      const store = await open()
      const known = tokenRow(store.nextKey())
      await store.importTokens([known])
      const leftOut = tokenRow(store.nextKey(), { refreshHash: known.refreshHash })
      const row = tokenRow(store.nextKey(), { refreshHash: leftOut.accessHash })
      expect(await store.importTokens([leftOut, row])).toBe(1)
      expect(await store.findImportedToken(leftOut.accessHash ?? hashOf(0), 'acme')).toEqual(row)
    })

    test('takes many', async () => {
      const store = await open()
      const rows = Array.from({ length: 777 }, () => tokenRow(store.nextKey()))
      expect(await store.importTokens(rows)).toBe(777)
      expect(await store.importTokens(rows.map((row) => ({ ...row, key: store.nextKey() })))).toBe(0)
      for (const row of [rows[0], rows[500], rows[776]]) {
        expect(await store.findImportedToken(row?.accessHash ?? hashOf(0), 'acme')).toEqual(row)
      }
    })

    test('takes a row whose tokens are the same', async () => {
      const store = await open()
      const row = tokenRow(store.nextKey(), { refreshHash: hashOf(1), accessHash: hashOf(1) })
      expect(await store.importTokens([row])).toBe(1)
      expect(await store.findImportedToken(hashOf(1), 'acme')).toEqual(row)
    })

    test('leaves out rows without a hash, which nobody could find', async () => {
      const store = await open()
      const row = tokenRow(store.nextKey(), { accessHash: null, refreshHash: null })
      expect(await store.importTokens([row])).toBe(0)
      expect(await store.findToken(row.key)).toBeNull()
    })

    test('with a key that is taken adds nothing', async () => {
      const store = await open()
      const taken = await issued(store)
      const fresh = tokenRow(store.nextKey())
      const rows = [fresh, tokenRow(taken.key, { accessHash: hashOf(0.5) })]
      await expect(store.importTokens(rows)).rejects.toThrow(StoreConflict)
      expect(await store.findToken(taken.key)).toEqual(taken)
      expect(await store.findToken(fresh.key)).toBeNull()
      expect(await store.findImportedToken(hashOf(fresh.key), 'acme')).toBeNull()
    })

    test('gives each tenant its own of what another one has as well', async () => {
      const store = await open()
      const parent = tokenRow(store.nextKey())
      const child = tokenRow(store.nextKey())
      const rows = [parent, { ...child, replaces: parent.refreshHash }]
      const inOther = rows.map((row) => ({ ...row, tenant: 'other', key: store.nextKey() }))
      const [otherParent, otherChild] = inOther.map(({ key }) => key)
      expect(await store.importTokens(rows)).toBe(2)
      expect(await store.importTokens(inOther.slice(1))).toBe(1)
      // What it replaces is nobody's of the same tenant.
      expect(await store.findToken(otherChild ?? 0)).toMatchObject({ tenant: 'other', parent: null })
      expect(await store.importTokens(inOther)).toBe(1)
      for (const [tenant, key] of [['acme', parent.key] as const, ['other', otherParent] as const]) {
        expect((await store.findImportedToken(hashOf(parent.key), tenant))?.key).toBe(key)
        expect(await store.findLiveImportedTokens(tenant, [hashOf(-parent.key)])).toMatchObject([
          { key, tenant },
        ])
        expect(await store.importTokens([{ ...parent, tenant, key: store.nextKey() }])).toBe(0)
      }
      // A third has none, and learns whose it is.
      expect((await store.findImportedToken(hashOf(parent.key), 'third'))?.tenant).toBe('acme')
      expect(await store.findLiveImportedTokens('third', [hashOf(parent.key)])).toEqual([])
    })

    test('knows a token that its tenant has beside another’s, also when that is gone', async () => {
      const store = await open()
      const first = tokenRow(store.nextKey(), { accessExpiresAt: NOW, refreshExpiresAt: NOW })
      const second = { ...first, tenant: 'other', key: store.nextKey(), accessExpiresAt: NOW + 60 }
      await store.importTokens([first, second])
      expect(await store.purge(NOW, 10)).toBe(1)
      expect(await store.importTokens([{ ...second, key: store.nextKey() }])).toBe(0)
      expect((await store.findImportedToken(hashOf(first.key), 'other'))?.key).toBe(second.key)
    })

    test('is the only way to be found by hash', async () => {
      const store = await open()
      const row = await issued(store)
      expect(await store.findImportedToken(hashOf(row.key), 'acme')).toBeNull()
    })

    test('of a row that was purged is not known any more', async () => {
      const store = await open()
      const row = tokenRow(store.nextKey(), { accessExpiresAt: NOW, refreshExpiresAt: NOW })
      await store.importTokens([row])
      expect(await store.purge(NOW, 10)).toBe(1)
      expect(await store.findImportedToken(hashOf(row.key), 'acme')).toBeNull()
      expect(await store.importTokens([row])).toBe(1)
    })
  })
}

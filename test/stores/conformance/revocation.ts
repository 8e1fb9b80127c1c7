import { describe, expect, test } from 'vitest'
import type { TokenRow } from '../../../src/store/rows.ts'
import type { Store } from '../../../src/store/store.ts'
import { inParallel, issued, NOW, type Open, successorOf, write } from './fixture.ts'

export function describeRevocation(open: Open): void {
  describe('revokeToken', () => {
    test('revokes one row, once', async () => {
      const store = await open()
      const row = await issued(store)
      const other = await issued(store, { family: row.key, parent: row.key })
      expect(await store.revokeToken(row.key, NOW + 1)).toBe(true)
      expect(await store.revokeToken(row.key, NOW + 2)).toBe(false)
      expect(await store.revokeToken(store.nextKey(), NOW)).toBe(false)
      expect(await store.findToken(row.key)).toEqual({ ...row, revokedAt: NOW + 1 })
      expect(await store.findToken(other.key)).toEqual(other)
    })

    test('tells one of 50 parallel callers that it was the first', async () => {
      const store = await open()
      const row = await issued(store)
      const outcomes = await inParallel(50, () => store.revokeToken(row.key, NOW))
      expect(outcomes.filter(Boolean)).toHaveLength(1)
    })
  })

  describe('revokeFamily', () => {
    /** A family of four, each refreshed from the one before, whose refresh tokens never expire. */
    async function chain(store: Store): Promise<TokenRow[]> {
      const rows = [await issued(store, { refreshExpiresAt: null })]
      for (let count = 1; count < 4; count++) await refresh(store, rows)
      return rows
    }

    async function refresh(store: Store, rows: TokenRow[], columns: Partial<TokenRow> = {}): Promise<void> {
      const parent = rows.at(-1) as TokenRow
      const row = successorOf(parent, store.nextKey(), { refreshExpiresAt: null, ...columns })
      expect(await store.issue(write({ spend: { key: parent.key, now: NOW }, row }))).toBe('issued')
      rows.push(row)
    }

    async function revokedAt(store: Store, rows: readonly TokenRow[]): Promise<unknown[]> {
      const found = await Promise.all(rows.map(({ key }) => store.findToken(key)))
      return found.map((row) => (row === null ? 'gone' : row.revokedAt))
    }

    test.each([0, 1, 2, 3])(
      'revokes all that come from one login, and no other (by row %i)',
      async (member) => {
        const store = await open()
        const [rows, strangers] = [await chain(store), await chain(store)]
        await store.revokeToken(rows[1]!.key, NOW + 1)
        await store.revokeFamily(rows[member]!.key, NOW + 2)
        await store.revokeFamily(rows[member]!.key, NOW + 3)
        expect(await revokedAt(store, rows)).toEqual([NOW + 2, NOW + 1, NOW + 2, NOW + 2])
        expect(await revokedAt(store, strangers)).toEqual([null, null, null, null])
      },
    )

    test('revokes what was issued beside a token that is kept, also if it was spent later', async () => {
      const store = await open()
      const rows = await chain(store)
      const first = rows[0]!
      const kept = [1, 2].map(() => successorOf(first, store.nextKey(), { refreshHash: null }))
      for (const row of kept) await store.issue(write({ row }))
      await store.revokeFamily(kept[1]!.key, NOW + 2)
      expect(await revokedAt(store, [...rows, ...kept])).toEqual(Array(6).fill(NOW + 2))
    })

    test('revokes what is left when the first rows are purged', async () => {
      const store = await open()
      const rows = await chain(store)
      const MONTH = 30 * 86_400
      const leaf = successorOf(rows[3]!, store.nextKey(), { refreshExpiresAt: null })
      await store.issue(write({ spend: { key: rows[3]!.key, now: NOW + MONTH }, row: leaf }))
      expect(await store.purge(NOW + MONTH, 10)).toBe(3)
      await store.revokeFamily(leaf.key, NOW + 2)
      expect(await revokedAt(store, [...rows, leaf])).toEqual(['gone', 'gone', 'gone', NOW + 2, NOW + 2])
    })

    test.each([
      ['never expires', null],
      ['lives on for long', NOW + 400 * 86_400],
    ])('revokes an access token that %s, though the rows about it are purged', async (_, accessExpiresAt) => {
      const store = await open()
      const rows = [await issued(store, { refreshExpiresAt: null, accessExpiresAt })]
      await refresh(store, rows)
      await refresh(store, rows, { accessExpiresAt })
      await refresh(store, rows)
      await refresh(store, rows, { issuedAt: NOW + 31 * 86_400 })
      expect(await store.purge(NOW + 30 * 86_400, 10)).toBe(2)
      await store.revokeFamily(rows[4]!.key, NOW + 2)
      expect(await revokedAt(store, rows)).toEqual([NOW + 2, 'gone', NOW + 2, 'gone', NOW + 2])
    })

    test('of a family that is not there does nothing', async () => {
      const store = await open()
      await store.revokeFamily(store.nextKey(), NOW)
    })

    test.each(['rotate', 'keep', 'keep with an idle limit'])(
      'leaves no live row behind while refreshes run (%s)',
      async (policy) => {
        const store = await open()
        for (let round = 0; round < 20; round++) {
          const parent = await issued(store)
          const rows = Array.from({ length: 10 }, () =>
            successorOf(parent, store.nextKey(), policy === 'rotate' ? {} : { refreshHash: null }),
          )
          const parts = {
            spend: policy === 'rotate' ? { key: parent.key, now: NOW } : null,
            extend:
              policy === 'keep with an idle limit'
                ? { key: parent.key, refreshExpiresAt: NOW + 9, accessExpiresAt: NOW + 7 }
                : null,
          }
          const writes = rows.map((row) => () => store.issue(write({ ...parts, row })))
          writes.splice(round % 11, 0, async () => {
            await store.revokeFamily(parent.key, NOW + 1)
            return 'issued'
          })
          await Promise.all(writes.map((run) => run()))
          for (const row of [parent, ...rows]) {
            const found = await store.findToken(row.key)
            if (found !== null) expect(found.revokedAt).toBe(NOW + 1)
          }
        }
      },
    )
  })

  describe('denyJwt', () => {
    test('denies one identifier in one tenant', async () => {
      const store = await open()
      expect(await store.isJwtDenied('acme', 'jti-1')).toBe(false)
      await store.denyJwt('acme', 'jti-1', NOW + 60)
      expect(await store.isJwtDenied('acme', 'jti-1')).toBe(true)
      expect(await store.isJwtDenied('acme', 'jti-2')).toBe(false)
      expect(await store.isJwtDenied('other', 'jti-1')).toBe(false)
    })

    test('lasts until the later of two ends', async () => {
      const store = await open()
      await store.denyJwt('acme', 'grows', NOW + 10)
      await store.denyJwt('acme', 'grows', NOW + 20)
      await store.denyJwt('acme', 'shrinks', NOW + 20)
      await store.denyJwt('acme', 'shrinks', NOW + 10)
      expect(await store.purge(NOW + 19, 100)).toBe(0)
      expect(await store.isJwtDenied('acme', 'grows')).toBe(true)
      expect(await store.isJwtDenied('acme', 'shrinks')).toBe(true)
      expect(await store.purge(NOW + 20, 100)).toBe(2)
      expect(await store.isJwtDenied('acme', 'grows')).toBe(false)
    })
  })
}

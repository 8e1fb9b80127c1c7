import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { TokenRow } from '../../../src/store/rows.ts'
import * as arbitrary from './arbitrary.ts'
import { inParallel, issued, NOW, type Open, tokenRow, write } from './fixture.ts'

const MONTH = 30 * 86_400

/** The tokens of a row that are of use at `now`, told one by one as the port's documents do. */
function uses(row: TokenRow, now: number): string[] {
  const found: string[] = []
  const isOpaque = row.accessHash !== null
  const accessRunsOut = row.accessExpiresAt !== null
  if (accessRunsOut && now < row.accessExpiresAt) found.push('access token, maybe a JWT, has not expired')
  if (!accessRunsOut && isOpaque && row.supersededAt === null) {
    if (row.revokedAt === null) found.push('access token never expires')
    else if (now < row.revokedAt + MONTH) found.push('access token was revoked lately')
  }
  if (!accessRunsOut && isOpaque && row.supersededAt !== null && now < row.supersededAt) {
    found.push('access token is superseded later')
  }
  const refreshEnds = [row.refreshExpiresAt, row.familyExpiresAt].filter((end) => end !== null)
  if (row.refreshHash !== null && row.revokedAt === null && refreshEnds.every((end) => now < end)) {
    if (row.spentAt === null) found.push('refresh token is live')
    else if (now < row.spentAt + MONTH) found.push('refresh token was spent lately')
  }
  return found
}

export function describePurge(open: Open): void {
  describe('purge', () => {
    test('deletes exactly the rows of which nothing is of use any more', async () => {
      const store = await open()
      const rows = fc.array(arbitrary.token(fc.constant(0)), { minLength: 1, maxLength: 20 })
      await fc.assert(
        fc.asyncProperty(
          rows,
          fc.array(arbitrary.instant, { minLength: 1, maxLength: 3 }),
          async (specs, instants) => {
            const saved = specs.map((row) => ({ ...row, key: store.nextKey(), parent: null }))
            await Promise.all(saved.map((row) => store.issue(write({ row }))))
            for (const now of instants.toSorted((one, other) => one - other)) {
              await store.purge(now, 1000)
              for (const row of saved) {
                const expected = uses(row, now).length > 0 ? row : null
                expect(await store.findToken(row.key), uses(row, now).join()).toEqual(expected)
              }
            }
          },
        ),
        { numRuns: 150 },
      )
    })

    test('remembers a spent refresh token without an end for 30 days', async () => {
      const store = await open()
      const row = await issued(store, { refreshExpiresAt: null })
      await store.issue(write({ spend: { key: row.key, now: NOW } }))
      expect(await store.purge(NOW + MONTH - 1, 10)).toBe(0)
      expect((await store.findToken(row.key))?.spentAt).toBe(NOW)
      expect(await store.purge(NOW + MONTH, 10)).toBe(1)
      expect(await store.findToken(row.key)).toBeNull()
    })

    test('keeps the row of a revoked JWT until that has expired', async () => {
      const store = await open()
      const row = await issued(store, { accessHash: null, accessExpiresAt: NOW + 60, refreshExpiresAt: null })
      await store.revokeFamily(row.key, NOW)
      expect(await store.purge(NOW + 59, 10)).toBe(0)
      expect(await store.purge(NOW + 60, 10)).toBe(1)
    })

    test('follows an extension', async () => {
      const store = await open()
      const row = await issued(store, { accessExpiresAt: NOW, refreshExpiresAt: NOW + 10 })
      await store.issue(
        write({ extend: { key: row.key, refreshExpiresAt: NOW + 100, accessExpiresAt: NOW + 7 } }),
      )
      expect(await store.purge(NOW + 99, 10)).toBe(0)
      expect(await store.purge(NOW + 100, 10)).toBe(1)
    })

    test('deletes no more than `limit`, and says how many', async () => {
      const store = await open()
      const columns = { accessExpiresAt: NOW, refreshExpiresAt: NOW }
      await inParallel(1203, () => issued(store, columns))
      const live = await issued(store)
      await inParallel(5, (index) => store.denyJwt('acme', `jti-${index}`, NOW))
      expect(await store.purge(NOW, 0)).toBe(0)
      expect(await store.purge(NOW, 700)).toBe(700)
      expect(await store.purge(NOW, 505)).toBe(505)
      expect(await store.purge(NOW, 700)).toBe(3)
      expect(await store.purge(NOW, 700)).toBe(0)
      expect(await store.findToken(live.key)).toEqual(live)
    })

    test('loses no row to a race with a refresh', async () => {
      const store = await open()
      const parents = await inParallel(30, () =>
        issued(store, { accessExpiresAt: NOW, refreshExpiresAt: NOW + 10 }),
      )
      const successors = parents.map((parent) => tokenRow(store.nextKey(), { parent: parent.key }))
      const [outcomes] = await Promise.all([
        Promise.all(
          parents.map((parent, index) =>
            store.issue(write({ spend: { key: parent.key, now: NOW + 9 }, row: successors[index]! })),
          ),
        ),
        store.purge(NOW + 10, 1000),
      ])
      for (const [index, outcome] of outcomes.entries()) {
        const found = await store.findToken(successors[index]!.key)
        expect(found).toEqual(outcome === 'issued' ? successors[index] : null)
      }
    })
  })
}

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { TokenKey, TokenRow } from '../../../src/store/rows.ts'
import type { Store, TokenQuery } from '../../../src/store/store.ts'
import { issued, type Open } from './fixture.ts'

const ALL: Omit<TokenQuery, 'limit'> = { tenant: 'acme', userId: null, clientId: null, before: null }

async function listAll(store: Store, query: Partial<TokenQuery>, limit: number): Promise<TokenRow[]> {
  const rows: TokenRow[] = []
  let before: TokenKey | null = null
  do {
    const page = await store.listTokens({ ...ALL, ...query, before, limit })
    expect(page.rows.length).toBeLessThanOrEqual(limit)
    rows.push(...page.rows)
    before = page.next
  } while (before !== null)
  return rows
}

export function describeTokenList(open: Open): void {
  describe('listTokens', () => {
    test('gives an empty page, the last, where nothing is', async () => {
      const store = await open()
      expect(await store.listTokens({ ...ALL, limit: 10 })).toEqual({ rows: [], next: null })
    })

    test('gives only rows with a smaller key than `before`', async () => {
      const store = await open()
      const rows = [await issued(store), await issued(store), await issued(store)]
      const page = await store.listTokens({ ...ALL, before: rows[2]!.key, limit: 10 })
      expect(page).toEqual({ rows: [rows[1], rows[0]], next: null })
    })

    test('is complete over all pages, newest first, without gaps, repeats or rows of others', async () => {
      const store = await open()
      let run = 0
      const column = fc.constantFrom('a', 'b', null)
      const rows = fc.array(fc.record({ userId: column, clientId: column, foreign: fc.boolean() }), {
        maxLength: 25,
      })
      await fc.assert(
        fc.asyncProperty(
          rows,
          fc.integer({ min: 1, max: 6 }),
          column,
          column,
          async (specs, limit, userId, clientId) => {
            const tenant = `tenant-${run++}`
            const saved = await Promise.all(
              specs.map(({ foreign, ...columns }) =>
                issued(store, { ...columns, tenant: foreign ? 'foreign' : tenant }),
              ),
            )
            const expected = saved
              .filter((row) => row.tenant === tenant)
              .filter((row) => userId === null || row.userId === userId)
              .filter((row) => clientId === null || row.clientId === clientId)
              .reverse()
            expect(await listAll(store, { tenant, userId, clientId }, limit)).toEqual(expected)
          },
        ),
        { numRuns: 40 },
      )
    })
  })
}

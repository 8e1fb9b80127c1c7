/** SQLite has no index of what is dead: a purge looks at all rows in turn, in parts. */
import { expect, test } from 'vitest'
import type { Store } from '../../src/store/store.ts'
import { inParallel, issued, NOW, write } from './conformance/fixture.ts'
import { newPath, openStore } from './sqlite-file.ts'

/** Two parts and a half. */
const ROWS = 2500

/** Of every three rows the first two die, one by one: at `NOW` + 0, 1, 3, 4, 6, … */
async function filled(): Promise<Store> {
  const store = await openStore(newPath())
  await inParallel(ROWS, (index) =>
    issued(store, {
      accessExpiresAt: NOW,
      refreshExpiresAt: index % 3 === 2 ? NOW + 100_000 : NOW + index,
    }),
  )
  return store
}

const rowsOf = async (store: Store) => (await store.size(100_000)).tokens.rows.map(({ deadAt }) => deadAt)
const dead = (rows: readonly number[], now: number) => rows.filter((deadAt) => deadAt <= now).length

test.each([1, 7, 199, 200, 201, 999, 1000, 5000])(
  'with a limit of %i nothing dead is left out',
  async (limit) => {
    const store = await filled()
    const all = await rowsOf(store)
    let gone = 0
    // What is told of a time long past leaves a call somewhere in the middle, from where the next goes on.
    for (const now of [NOW + 400, NOW + 1500, NOW + 2000, NOW + ROWS]) {
      for (let rounds = limit === 1 ? 40 : Infinity; rounds > 0; rounds--) {
        const purged = await store.purge(now, limit)
        gone += purged
        expect(purged).toBeLessThanOrEqual(limit)
        if (purged < limit) {
          expect(dead(await rowsOf(store), now)).toBe(0)
          break
        }
      }
    }
    expect(await rowsOf(store)).toHaveLength(all.length - gone)
    expect(gone).toBe(limit === 1 ? 160 : dead(all, NOW + ROWS))
  },
)

test('it goes on where it stopped, and what died behind it since is found by the same call', async () => {
  const store = await filled()
  expect(await store.purge(NOW + 1600, 1000)).toBe(1000)
  const query = { tenant: 'acme', userId: null, clientId: null, before: null, limit: ROWS }
  const early = (await store.listTokens(query)).rows.at(-1)?.key ?? 0
  await store.revokeToken(early, NOW)
  expect(await store.purge(NOW + 1600, 1)).toBe(1)
  expect(await store.findToken(early)).not.toBeNull()
  const left = dead(await rowsOf(store), NOW + 1600)
  expect(await store.purge(NOW + 1600, 1000)).toBe(left)
  expect(await store.findToken(early)).toBeNull()
})

test('a row that is extended before its turn has come stays', async () => {
  const store = await openStore(newPath())
  const outcomes = new Set<string>()
  for (let turns = 0; turns < 12; turns++) {
    const { key } = await issued(store, { accessExpiresAt: NOW, refreshExpiresAt: NOW })
    const purged = store.purge(NOW, 10)
    for (let turn = 0; turn < turns; turn++) await Promise.resolve()
    const extend = { key, refreshExpiresAt: NOW + 60, accessExpiresAt: NOW + 60 }
    const [outcome, count] = await Promise.all([store.issue(write({ extend })), purged])
    expect([count, await store.findToken(key)]).toEqual(
      outcome === 'issued' ? [0, expect.objectContaining(extend)] : [1, null],
    )
    outcomes.add(outcome)
    await store.purge(NOW + 60, 10)
  }
  expect(outcomes).toContain('issued')
})

test('it ends when it is told to, and deletes nothing more', async () => {
  const store = await filled()
  let asked = 0
  const isStopped = () => ++asked === 2
  const purged = await store.purge(NOW + ROWS, ROWS, isStopped)
  expect(purged).toBeLessThan(ROWS / 2 + 500)
  expect(dead(await rowsOf(store), NOW + ROWS)).toBeGreaterThan(0)
  expect(await store.purge(NOW + ROWS, ROWS)).toBeGreaterThan(0)
  expect(dead(await rowsOf(store), NOW + ROWS)).toBe(0)
})

test('denials and assertions that have expired go without a look at all tokens', async () => {
  const store = await filled()
  const expired = { tenant: 'acme', expiresAt: NOW - 1 }
  await inParallel(5, (index) => store.denyJwt('acme', `jti-${index}`, expired.expiresAt))
  await inParallel(5, (index) => store.spendAssertion({ ...expired, signer: 'shop', digest: String(index) }))
  // Nothing else is dead yet, and the call ends after the first part of the tokens.
  expect(await store.purge(NOW - 1, 20, () => true)).toBe(10)
})

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { hasRoom, type LoginBucket, leakOf } from '../../../src/store/login-failures.ts'
import type { Store } from '../../../src/store/store.ts'
import { createMemoryStore } from '../../../src/stores/memory.ts'
import { inParallel, NOW, type Open } from './fixture.ts'

const NOW_MS = NOW * 1000
const MINUTE_MS = 60_000

/** Ten failures in 15 minutes, of one user from one source. */
function ofUser(user: string, source = 'office'): LoginBucket {
  return { user, source, ...leakOf(10, 900) }
}

/** A hundred a day, of all users from one source. */
function ofSource(source = 'office', failures = 100): LoginBucket {
  return { user: null, source, ...leakOf(failures, 86_400) }
}

async function addAll(store: Store, buckets: readonly LoginBucket[], count: number, nowMs = NOW_MS) {
  return (await inParallel(count, () => store.addLoginFailure(buckets, nowMs))).filter(Boolean).length
}

/** How many failures more fit into a bucket. */
async function roomOf(store: Store, bucket: LoginBucket, nowMs = NOW_MS): Promise<number> {
  const [emptyAtMs = 0] = await store.readLoginFailures([bucket])
  let failures = 0
  while (hasRoom(bucket, emptyAtMs, nowMs, failures + 1)) failures += 1
  return failures
}

const small = fc.integer({ min: 1, max: 3 })
const instant = fc.integer({ min: 0, max: 40 }).map((minutes) => NOW_MS + minutes * MINUTE_MS)
const buckets = fc
  .tuple(small, small, fc.constantFrom('user', 'source', 'both'))
  .map(([user, source, which]) => {
    const one = ofUser(`u${user}`, `s${source}`)
    const all = ofSource(`s${source}`, 4)
    if (which === 'both') return [one, all]
    return which === 'user' ? [one] : [all]
  })

type Step = (store: Store) => Promise<unknown>
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.tuple(buckets, instant).map(
      ([all, at]) =>
        (s: Store) =>
          s.addLoginFailure(all, at),
    ),
  },
  small.map((user) => async (s: Store) => void (await s.clearLoginFailures({ user: `u${user}` }))),
  small.map((source) => async (s: Store) => void (await s.clearLoginFailures({ source: `s${source}` }))),
)

export function describeLoginFailures(open: Open): void {
  describe('login failures', () => {
    test('T028 of 200 that are added at once exactly as many are as there is room for', async () => {
      const store = await open()
      expect(await addAll(store, [ofUser('ann')], 200)).toBe(10)
      expect(await roomOf(store, ofUser('ann'))).toBe(0)
    })

    test('are added to all buckets or to none', async () => {
      const store = await open()
      const narrow = ofSource('office', 4)
      expect(await addAll(store, [ofUser('ann'), narrow], 50)).toBe(4)
      expect(await roomOf(store, ofUser('ann'))).toBe(6)
      expect(await store.addLoginFailure([ofUser('bob'), narrow], NOW_MS)).toBe(false)
      expect(await roomOf(store, ofUser('bob'))).toBe(10)
      expect(await addAll(store, [ofUser('ann')], 50)).toBe(6)
      expect(await roomOf(store, ofSource())).toBeLessThan(100)
    })

    test('of users and sources do not get into each other', async () => {
      const store = await open()
      await addAll(store, [ofUser('ann')], 10)
      const others = [ofUser('bob'), ofUser('ann', 'home'), ofSource(), ofUser('office', 'ann')]
      for (const bucket of others) expect(await roomOf(store, bucket)).toBe(bucket.user === null ? 100 : 10)
    })

    test('run out at an even pace, whatever was added meanwhile', async () => {
      const store = await open()
      await addAll(store, [ofUser('ann')], 10)
      for (let passed = 90_000; passed < 900_000; passed += 90_000) {
        expect(await store.addLoginFailure([ofUser('ann')], NOW_MS + passed - 1)).toBe(false)
        expect(await store.addLoginFailure([ofUser('ann')], NOW_MS + passed)).toBe(true)
      }
      expect(await roomOf(store, ofUser('ann'), NOW_MS + 810_000 + 900_000)).toBe(10)
    })

    test('T190 last no longer than a window when a clock was put back', async () => {
      const store = await open()
      const day = 86_400_000
      await addAll(store, [ofUser('ann')], 10, NOW_MS + day)
      expect(await store.addLoginFailure([ofUser('ann')], NOW_MS)).toBe(false)
      expect(await roomOf(store, ofUser('ann'), NOW_MS + 90_000)).toBe(1)
    })

    test('are read of two buckets, in their order', async () => {
      const store = await open()
      await store.addLoginFailure([ofUser('ann')], NOW_MS)
      const end = NOW_MS + 90_000
      expect(await store.readLoginFailures([ofUser('ann'), ofSource()])).toEqual([end, 0])
      expect(await store.readLoginFailures([ofSource(), ofUser('ann')])).toEqual([0, end])
      expect(await store.readLoginFailures([])).toEqual([])
    })

    test('are listed and cleared of one user, or of one source as a whole', async () => {
      const store = await open()
      const both = (user: string, source: string) => [ofUser(user, source), ofSource(source)]
      for (const source of ['a', 'b', 'b']) await store.addLoginFailure(both('ann', source), NOW_MS)
      await store.addLoginFailure(both('bob', 'b'), NOW_MS)
      const ofAnn = [
        { user: 'ann', source: 'b', emptyAtMs: NOW_MS + 180_000 },
        { user: 'ann', source: 'a', emptyAtMs: NOW_MS + 90_000 },
      ]
      expect(await store.listLoginFailures({ user: 'ann' }, 5)).toEqual(ofAnn)
      expect(await store.listLoginFailures({ user: 'ann' }, 1)).toEqual(ofAnn.slice(0, 1))
      expect(await store.listLoginFailures({ source: 'b' }, 5)).toMatchObject([{ user: null, source: 'b' }])
      expect(await store.clearLoginFailures({ user: 'ann' })).toBe(2)
      expect(await store.clearLoginFailures({ user: 'ann' })).toBe(0)
      expect(await roomOf(store, ofSource('b'))).toBe(97)
      expect(await store.clearLoginFailures({ source: 'b' })).toBe(1)
      expect([await roomOf(store, ofSource('b')), await roomOf(store, ofUser('bob', 'b'))]).toEqual([100, 9])
    })

    test('T118 are purged as soon as they have run out, and not before', async () => {
      const store = await open()
      await inParallel(30, (n) => store.addLoginFailure([ofUser(`user${n}`)], NOW_MS))
      await addAll(store, [ofUser('ann')], 10)
      expect(await store.purgeLoginFailures(NOW_MS + 89_999, 100)).toBe(0)
      expect(await store.purgeLoginFailures(NOW_MS + 90_000, 20)).toBe(20)
      expect(await store.purgeLoginFailures(NOW_MS + 90_000, 20)).toBe(10)
      expect(await store.purgeLoginFailures(NOW_MS + 90_000, 20)).toBe(0)
      expect(await roomOf(store, ofUser('ann'), NOW_MS + 90_000)).toBe(1)
      expect(await store.purgeLoginFailures(NOW_MS + 900_000, 20)).toBe(1)
    })

    test('have the outcome they have in memory, in whatever order they come', async () => {
      const store = await open()
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
          const model = createMemoryStore({ clock: () => NOW_MS })
          for (const id of [1, 2, 3]) {
            await store.clearLoginFailures({ user: `u${id}` })
            await store.clearLoginFailures({ source: `s${id}` })
          }
          for (const run of steps) expect(await run(store)).toEqual(await run(model))
        }),
        { numRuns: 60 },
      )
    })
  })
}

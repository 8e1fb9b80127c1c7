/** Limits of guessing, among logins that are under way at the same time in one process. */
import { createHmac } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { createLoginLimits } from '../../src/endpoints/login-limits.ts'
import { StoreUnavailable } from '../../src/store/errors.ts'
import { createLoginBuckets } from '../../src/store/login-buckets.ts'
import { createMemoryStore } from '../../src/stores/memory.ts'

const NOW_MS = 1_767_225_600_000

/** At most three failures of a user from a source; `held` has the store wait with counting. */
function setUp({ failuresPerUser = 3, failuresPerSource = 0 } = {}) {
  const store = createMemoryStore({ clock: () => NOW_MS })
  const state = { held: null as Promise<void> | null, isBroken: false, checks: 0 }
  const buckets = createLoginBuckets({
    digest: (text) => createHmac('sha512', 'key').update(text).digest('base64url'),
    failuresPerUser,
    failuresPerSource,
    isTrusted: () => false,
  })
  const limits = createLoginLimits(
    {
      readLoginFailures: (all) => store.readLoginFailures(all),
      async addLoginFailure(buckets, nowMs) {
        await state.held
        if (state.isBroken) throw new StoreUnavailable('the disk is full')
        return await store.addLoginFailure(buckets, nowMs)
      },
      async check() {
        state.checks += 1
        if (state.isBroken) throw new StoreUnavailable('the disk is full')
      },
    },
    buckets,
  )
  const begin = (userId = 'ann', source = '192.0.2.1') =>
    limits.begin({ tenant: 'shop', userId, username: userId, source }, NOW_MS)
  const fail = async (count: number) => {
    for (let time = 0; time < count; time++) await begin().fail()
  }
  return { store, buckets, state, begin, fail }
}

describe('a password that is compared', () => {
  test('is told until there is no room left', async () => {
    const { begin } = setUp()
    const told: boolean[] = []
    for (let time = 0; time < 5; time++) {
      told.push(await begin().mayTell())
      expect(await begin().fail()).toBe(time < 3)
    }
    expect(told).toEqual([true, true, true, false, false])
    expect([await begin('bob').mayTell(), await begin('ann', '192.0.2.2').mayTell()]).toEqual([true, true])
  })

  test('T028 is not told as long as failures that leave no room are on their way into the store', async () => {
    const { begin, state } = setUp()
    const { promise, resolve } = Promise.withResolvers<void>()
    state.held = promise
    const failing = [begin().fail(), begin().fail()]
    expect(await begin().mayTell()).toBe(true)
    failing.push(begin().fail())
    expect(await begin().mayTell()).toBe(false)
    expect(await begin('bob').mayTell()).toBe(true)
    resolve()
    expect(await Promise.all(failing)).toEqual([true, true, true])
    expect(await begin().mayTell()).toBe(false)
  })

  test('T027 is told however many are compared at the same time', async () => {
    const { begin } = setUp()
    const told = await Promise.all(
      Array.from({ length: 50 }, () => {
        const attempt = begin()
        return attempt.compare(() => attempt.mayTell())
      }),
    )
    expect(told).toEqual(Array(50).fill(true))
  })

  test('that was not told counts as blocked, though there be room again', async () => {
    const { begin, fail, store, buckets } = setUp()
    await fail(3)
    const attempt = begin()
    expect(await attempt.mayTell()).toBe(false)
    await store.clearLoginFailures({ user: buckets.ofUser('shop', 'ann') })
    expect(await attempt.fail()).toBe(false)
  })
})

describe('a password that is remembered', () => {
  test('is told at once, as often as it comes', async () => {
    const { begin, fail } = setUp()
    await fail(2)
    for (let time = 0; time < 9; time++) expect(await begin().mayTellAtOnce()).toBe(true)
  })

  test('is not told to whoever is blocked, and the store is not asked again', async () => {
    const { begin, fail, store } = setUp()
    await fail(3)
    const attempt = begin()
    expect(await attempt.mayTellAtOnce()).toBe(false)
    store.readLoginFailures = () => Promise.reject(new Error('asked again'))
    expect(await attempt.mayTell()).toBe(false)
  })

  test('T100 is compared like the others if so many came before that one more would be too many', async () => {
    const { begin } = setUp()
    const { promise, resolve } = Promise.withResolvers<void>()
    const guesses = [1, 2].map(() => begin().compare(() => promise))
    expect(await begin().mayTellAtOnce()).toBe(true)
    guesses.push(begin().compare(() => promise))
    const attempt = begin()
    expect(await attempt.mayTellAtOnce()).toBe(false)
    // They may still have been right.
    expect(await attempt.mayTell()).toBe(true)
    expect(await begin('bob').mayTellAtOnce()).toBe(true)
    resolve()
    await Promise.all(guesses)
    expect(await begin().mayTellAtOnce()).toBe(true)
  })

  test('T117 the same with guesses at other users from one source', async () => {
    const { begin } = setUp({ failuresPerUser: 0, failuresPerSource: 2 })
    const { promise, resolve } = Promise.withResolvers<void>()
    const guesses = ['bob', 'carl'].map((user) => begin(user).compare(() => promise))
    expect(await begin('ann').mayTellAtOnce()).toBe(false)
    expect(await begin('ann', '192.0.2.2').mayTellAtOnce()).toBe(true)
    resolve()
    await Promise.all(guesses)
  })
})

test('T011 while failures can not be counted nobody is told anything', async () => {
  const { begin, state } = setUp()
  state.isBroken = true
  await expect(begin().fail()).rejects.toBeInstanceOf(StoreUnavailable)
  for (let time = 0; time < 2; time++) {
    await expect(begin('bob').mayTell()).rejects.toBeInstanceOf(StoreUnavailable)
    await expect(begin('bob').mayTellAtOnce()).rejects.toBeInstanceOf(StoreUnavailable)
  }
  state.isBroken = false
  expect(await begin().mayTell()).toBe(true)
  const { checks } = state
  expect(await begin().mayTell()).toBe(true)
  expect(state.checks).toBe(checks)
})

test('without limits the store is not asked', async () => {
  const { begin, state } = setUp({ failuresPerUser: 0 })
  state.isBroken = true
  expect([await begin().mayTell(), await begin().mayTellAtOnce(), await begin().fail()]).toEqual([
    true,
    true,
    true,
  ])
})

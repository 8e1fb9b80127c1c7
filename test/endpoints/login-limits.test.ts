/** Limits of guessing, among logins that are under way at the same time in one process, or in several on one store. */
import { createHmac } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { createLoginLimits, type LoginAttempt } from '../../src/endpoints/login-limits.ts'
import { StoreUnavailable } from '../../src/store/errors.ts'
import { createLoginBuckets } from '../../src/store/login-buckets.ts'
import { createMemoryStore } from '../../src/stores/memory.ts'

const NOW_MS = 1_767_225_600_000

/** At most three failures of a user from a source; `held` has the store wait with writing. */
function setUp({ failuresPerUser = 3, failuresPerSource = 0, processes = 1 } = {}) {
  const store = createMemoryStore({ clock: () => NOW_MS })
  const state = { held: null as Promise<void> | null, isBroken: false, checks: 0, reads: 0 }
  const buckets = createLoginBuckets({
    digest: (text) => createHmac('sha512', 'key').update(text).digest('base64url'),
    failuresPerUser,
    failuresPerSource,
    isTrusted: () => false,
  })
  const create = () =>
    createLoginLimits(
      {
        async readLoginFailures(all) {
          state.reads += 1
          return await store.readLoginFailures(all)
        },
        async addLoginFailure(buckets, nowMs) {
          await state.held
          if (state.isBroken) throw new StoreUnavailable('the disk is full')
          return await store.addLoginFailure(buckets, nowMs)
        },
        async check() {
          state.checks += 1
          await state.held
          if (state.isBroken) throw new StoreUnavailable('the disk is full')
        },
      },
      buckets,
      () => {},
    )
  const [limits = create(), ...others] = Array.from({ length: processes }, create)
  const login = (userId: string, source: string) => ({ tenant: 'shop', userId, username: userId, source })
  const begin = (userId = 'ann', source = '192.0.2.1') => limits.begin(login(userId, source), NOW_MS)
  /** The same in every other process. */
  const beginElsewhere = () => others.map((other) => other.begin(login('ann', '192.0.2.1'), NOW_MS))
  const fail = async (count: number) => {
    for (let time = 0; time < count; time++) await wrong(begin())
  }
  return { store, buckets, state, begin, beginElsewhere, fail }
}

/** A password that is compared as soon as it comes, and is wrong when `compared` says so. */
function wrong(attempt: LoginAttempt, compared?: Promise<void>) {
  return attempt.compare(async (judge) => {
    const mayTell = judge()
    await compared
    await mayTell(false)
    return 'mismatch'
  })
}

function right(attempt: LoginAttempt, compared?: Promise<void>) {
  return attempt.compare(async (judge) => {
    const mayTell = judge()
    await compared
    return (await mayTell(true)) ? 'match' : 'mismatch'
  })
}

/** Everything has been done that waits for nothing else. */
async function turnOfLoop(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve))
}

describe('a password that is compared', () => {
  test('is told until there is no room left, for one look each', async () => {
    const { begin, state } = setUp()
    const answers: string[] = []
    for (let time = 0; time < 5; time++) answers.push(await right(begin()), await wrong(begin()))
    expect(answers).toEqual([
      ...['match', 'mismatch', 'match', 'mismatch', 'match', 'mismatch'],
      ...['blocked', 'blocked', 'blocked', 'blocked'],
    ])
    expect(state.reads).toBe(10)
    expect([await right(begin('bob')), await right(begin('ann', '192.0.2.2'))]).toEqual(['match', 'match'])
  })

  test('T028 is not told as long as failures that leave no room are on their way into the store', async () => {
    const { begin, state } = setUp()
    const { promise, resolve } = Promise.withResolvers<void>()
    state.held = promise
    const failing = [wrong(begin()), wrong(begin())]
    expect(await right(begin())).toBe('match')
    failing.push(wrong(begin()))
    const late = right(begin())
    expect(await right(begin('bob'))).toBe('match')
    resolve()
    expect(await Promise.all(failing)).toEqual(['mismatch', 'mismatch', 'mismatch'])
    expect([await late, await right(begin())]).toEqual(['blocked', 'blocked'])
  })

  test('T100 counts as wrong from the moment that is known, before anything else can be told', async () => {
    const { begin, fail } = setUp()
    await fail(2)
    const { promise, resolve } = Promise.withResolvers<void>()
    // All are known at the same time, the right one first.
    const answers = [wrong(begin(), promise), right(begin(), promise), wrong(begin(), promise)]
    resolve()
    expect(await answers[1]).toBe('blocked')
    await Promise.all(answers)
  })

  test('T100 is not told before everything is known of those whose turn came earlier', async () => {
    const { begin, fail } = setUp()
    await fail(2)
    const { promise, resolve } = Promise.withResolvers<void>()
    const earlier = wrong(begin(), promise)
    let isTold = false
    const overtaking = right(begin()).finally(() => {
      isTold = true
    })
    const later = wrong(begin('bob'))
    await later
    await turnOfLoop()
    expect(isTold).toBe(false)
    resolve()
    expect([await earlier, await overtaking]).toEqual(['mismatch', 'blocked'])
  })

  test('is told though later ones be known to be wrong before it', async () => {
    const { begin, fail } = setUp()
    await fail(2)
    const { promise, resolve } = Promise.withResolvers<void>()
    const first = right(begin(), promise)
    const later = wrong(begin())
    resolve()
    expect([await first, await later]).toEqual(['match', 'mismatch'])
  })

  test('T117 is not told before that either if they are guesses at others from its source', async () => {
    const { begin } = setUp({ failuresPerUser: 0, failuresPerSource: 1 })
    const { promise, resolve } = Promise.withResolvers<void>()
    const earlier = wrong(begin('bob'), promise)
    const overtaking = right(begin('ann'))
    expect(await right(begin('ann', '192.0.2.2'))).toBe('match')
    resolve()
    expect([await earlier, await overtaking]).toEqual(['mismatch', 'blocked'])
  })

  test('does not wait for those whose turn has not come, or who had none', async () => {
    const { begin } = setUp()
    const { promise, resolve, reject } = Promise.withResolvers<'mismatch'>()
    const waiting = begin().compare(() => promise)
    const refused = begin().compare(async (judge) => {
      judge()
      return await promise
    })
    const late = right(begin())
    expect(await right(begin('bob'))).toBe('match')
    reject(new Error('too many wait'))
    await expect(refused).rejects.toThrow('too many wait')
    await expect(waiting).rejects.toThrow('too many wait')
    expect(await late).toBe('match')
    resolve('mismatch')
  })

  test('T027 is told however many are compared at the same time', async () => {
    const { begin, fail } = setUp()
    await fail(2)
    const told = await Promise.all(Array.from({ length: 50 }, () => right(begin())))
    expect(told).toEqual(Array(50).fill('match'))
  })

  test('that was right and not told is blocked, though there be room again before it is counted', async () => {
    const { begin, fail, store, buckets, state } = setUp()
    await fail(3)
    const { promise, resolve } = Promise.withResolvers<void>()
    state.held = promise
    const answer = right(begin())
    await turnOfLoop()
    await store.clearLoginFailures({ user: buckets.ofUser('shop', 'ann') })
    resolve()
    expect(await answer).toBe('blocked')
  })
})

describe('processes that share a store', () => {
  test('T105 tell as much as there was room for each, at most, before each has counted, and nothing after', async () => {
    const { begin, beginElsewhere, fail, state } = setUp({ processes: 3 })
    await fail(2)
    const { promise, resolve } = Promise.withResolvers<void>()
    state.held = promise
    const failing = wrong(begin())
    const told = await Promise.all(beginElsewhere().map((attempt) => right(attempt)))
    expect(told).toEqual(['match', 'match'])
    failing.catch(() => {})
    const elsewhere = beginElsewhere().map((attempt) => wrong(attempt))
    await turnOfLoop()
    const late = [begin(), ...beginElsewhere()].map((attempt) => right(attempt))
    resolve()
    expect((await Promise.all([failing, ...elsewhere])).sort()).toEqual(['blocked', 'blocked', 'mismatch'])
    expect(await Promise.all(late)).toEqual(['blocked', 'blocked', 'blocked'])
    for (const attempt of [begin(), ...beginElsewhere()]) expect(await right(attempt)).toBe('blocked')
  })
})

describe('a password that is remembered', () => {
  test('is told at once, as often as it comes', async () => {
    const { begin, fail } = setUp()
    await fail(2)
    for (let time = 0; time < 9; time++) expect(await begin().mayTellAtOnce()).toBe(true)
  })

  test('is not told to whoever is blocked, and the store is not asked again', async () => {
    const { begin, fail, state } = setUp()
    await fail(3)
    const attempt = begin()
    expect(await attempt.mayTellAtOnce()).toBe(false)
    const { reads } = state
    expect([await right(attempt), state.reads]).toEqual(['blocked', reads])
  })

  test('T100 is compared like the others if so many came before that one more would be too many', async () => {
    const { begin } = setUp()
    const { promise, resolve } = Promise.withResolvers<'match'>()
    const guesses = [1, 2].map(() => begin().compare(() => promise))
    expect(await begin().mayTellAtOnce()).toBe(true)
    guesses.push(begin().compare(() => promise))
    const attempt = begin()
    expect(await attempt.mayTellAtOnce()).toBe(false)
    // They may still have been right.
    expect(await right(attempt)).toBe('match')
    expect(await begin('bob').mayTellAtOnce()).toBe(true)
    resolve('match')
    await Promise.all(guesses)
    expect(await begin().mayTellAtOnce()).toBe(true)
  })

  test('T117 the same with guesses at other users from one source', async () => {
    const { begin } = setUp({ failuresPerUser: 0, failuresPerSource: 2 })
    const { promise, resolve } = Promise.withResolvers<'match'>()
    const guesses = ['bob', 'carl'].map((user) => begin(user).compare(() => promise))
    expect(await begin('ann').mayTellAtOnce()).toBe(false)
    expect(await begin('ann', '192.0.2.2').mayTellAtOnce()).toBe(true)
    resolve('match')
    await Promise.all(guesses)
  })
})

test('T108 whoever is blocked waits for a write, as everybody does whose failure is counted', async () => {
  const { begin, fail, state } = setUp()
  await fail(3)
  expect(state.checks).toBe(0)
  expect([await wrong(begin()), state.checks]).toEqual(['blocked', 1])
  // Beside the attempt to count it, not after that.
  state.held = turnOfLoop().then(() => expect(state.checks).toBe(2))
  expect([await right(begin()), state.checks]).toEqual(['blocked', 2])
})

describe('T011 while failures can not be counted', () => {
  test('nobody is told anything', async () => {
    const { begin, state } = setUp()
    state.isBroken = true
    await expect(wrong(begin())).rejects.toBeInstanceOf(StoreUnavailable)
    for (let time = 0; time < 2; time++) {
      await expect(right(begin('bob'))).rejects.toBeInstanceOf(StoreUnavailable)
      await expect(begin('bob').mayTellAtOnce()).rejects.toBeInstanceOf(StoreUnavailable)
    }
    state.isBroken = false
    expect(await right(begin())).toBe('match')
    const { checks } = state
    expect(await right(begin())).toBe('match')
    expect(state.checks).toBe(checks)
  })

  test('one that is lost while another write is confirmed has to be overcome as well', async () => {
    const { begin, state } = setUp()
    state.isBroken = true
    await expect(wrong(begin())).rejects.toBeInstanceOf(StoreUnavailable)
    const { promise, resolve } = Promise.withResolvers<void>()
    state.held = promise
    const told = right(begin('bob'))
    await turnOfLoop()
    state.held = null
    await expect(begin().compare(async () => 'mismatch')).rejects.toBeInstanceOf(StoreUnavailable)
    state.isBroken = false
    resolve()
    expect([await told, state.checks]).toEqual(['match', 2])
  })
})

test('without limits the store is not asked', async () => {
  const { begin, state } = setUp({ failuresPerUser: 0 })
  state.isBroken = true
  const answers = [await right(begin()), await begin().mayTellAtOnce(), await wrong(begin())]
  expect([answers, state.reads]).toEqual([['match', true, 'mismatch'], 0])
})

/** Limits of guessing, among logins that another server is asked about, and others. */
import { createHmac } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { createLoginLimits, type LoginAttempt } from '../../src/endpoints/login-limits.ts'
import { createLoginBuckets } from '../../src/store/login-buckets.ts'
import { createMemoryStore } from '../../src/stores/memory.ts'

const NOW_MS = 1_767_225_600_000

/** At most three failures of all from a source. */
function setUp() {
  const store = createMemoryStore({ clock: () => NOW_MS })
  const calls = { reads: 0, adds: 0 }
  const state = { held: null as Promise<void> | null }
  const buckets = createLoginBuckets({
    digest: (text) => createHmac('sha512', 'key').update(text).digest('base64url'),
    failuresPerUser: 0,
    failuresPerSource: 3,
    isTrusted: () => false,
  })
  const limits = createLoginLimits(
    {
      async readLoginFailures(all) {
        calls.reads += 1
        await state.held
        return await store.readLoginFailures(all)
      },
      async addLoginFailure(all, nowMs) {
        calls.adds += 1
        return await store.addLoginFailure(all, nowMs)
      },
      check: async () => {},
    },
    buckets,
    () => {},
  )
  const begin = () =>
    limits.begin({ tenant: 'shop', userId: null, username: 'ann', source: '192.0.2.1' }, NOW_MS)
  return { begin, calls, state }
}

/** Another server, which is asked and answers when it is told to. */
function other() {
  const asked: { answer: (isRight: boolean) => void; fail: () => void }[] = []
  return {
    asked,
    ask: (attempt: LoginAttempt) =>
      attempt.ask(
        () =>
          new Promise<boolean>((resolve, reject) => {
            asked.push({ answer: resolve, fail: () => reject(new Error('no answer')) })
          }),
        (isRight) => isRight,
      ),
  }
}

/** One that is compared here at once. */
const compare = (attempt: LoginAttempt, isRight: boolean) =>
  attempt.compare(async (judge) => ((await judge()(isRight)) && isRight ? 'match' : 'mismatch'))

async function turnOfLoop(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve))
}

describe('a login that another server is asked about', () => {
  test('is one look, and counts when it is refused', async () => {
    const { begin, calls } = setUp()
    const { asked, ask } = other()
    const first = ask(begin())
    await turnOfLoop()
    expect(calls).toEqual({ reads: 1, adds: 0 })
    asked[0]?.answer(false)
    expect(await first).toBe(false)
    expect(calls).toEqual({ reads: 1, adds: 1 })
    const second = ask(begin())
    await turnOfLoop()
    asked[1]?.answer(true)
    expect(await second).toBe(true)
    expect(calls).toEqual({ reads: 2, adds: 1 })
  })

  test('is not asked about when there is no room, for the work of one that is counted', async () => {
    const { begin, calls } = setUp()
    const { asked, ask } = other()
    for (let time = 0; time < 3; time++) await compare(begin(), false)
    Object.assign(calls, { reads: 0, adds: 0 })
    expect(await ask(begin())).toBe('blocked')
    expect([asked.length, calls]).toEqual([0, { reads: 1, adds: 1 }])
  })

  test('gives its place back when there is no answer', async () => {
    const { begin } = setUp()
    const { asked, ask } = other()
    for (let time = 0; time < 5; time++) {
      const attempt = ask(begin())
      await turnOfLoop()
      asked[time]?.fail()
      await expect(attempt).rejects.toThrow('no answer')
    }
    expect(await compare(begin(), true)).toBe('match')
  })

  test('holds a place until there is one: who comes later waits only near the end of them', async () => {
    const { begin } = setUp()
    const { asked, ask } = other()
    const attempts = [ask(begin()), ask(begin())]
    await turnOfLoop()
    expect(await compare(begin(), true)).toBe('match')
    attempts.push(ask(begin()))
    await turnOfLoop()
    expect(asked).toHaveLength(3)
    const told: string[] = []
    const later = [
      compare(begin(), true).then((verdict) => told.push(verdict)),
      ask(begin()).then((verdict) => told.push(String(verdict))),
    ]
    await turnOfLoop()
    expect([asked.length, told]).toEqual([3, []])
    asked[1]?.answer(true)
    await later[0]
    await turnOfLoop()
    expect([asked.length, told]).toEqual([4, ['match']])
    for (const one of asked) one.answer(false)
    expect(await Promise.all(attempts)).toEqual([false, true, false])
    await later[1]
    expect(told).toEqual(['match', 'false'])
    expect(await compare(begin(), true)).toBe('blocked')
  })

  test('that turns out to be right while somebody looks is in nobody’s way', async () => {
    const { begin, state } = setUp()
    const { asked, ask } = other()
    const attempts = [0, 1, 2].map(() => ask(begin()))
    await turnOfLoop()
    const { promise, resolve } = Promise.withResolvers<void>()
    state.held = promise
    const later = compare(begin(), true)
    await turnOfLoop()
    for (const one of asked) one.answer(true)
    await Promise.all(attempts)
    resolve()
    expect(await later).toBe('match')
  })

  test('that is refused leaves no room for those who waited', async () => {
    const { begin } = setUp()
    const { asked, ask } = other()
    const attempts = [0, 1, 2].map(() => ask(begin()))
    await turnOfLoop()
    const later = [ask(begin()), compare(begin(), true)]
    await turnOfLoop()
    for (const one of asked) one.answer(false)
    expect(await Promise.all([...attempts, ...later])).toEqual([false, false, false, 'blocked', 'blocked'])
    expect(asked).toHaveLength(3)
  })
})

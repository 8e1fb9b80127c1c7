/** T100: how much guesses learn that come at once, with as many compared at a time as was asked for. */
import * as argon2 from '@node-rs/argon2'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { createPasswords, type Passwords } from '../../src/crypto/password.ts'
import { createPasswordCache } from '../../src/crypto/password-cache.ts'
import { createHarness, type Harness } from '../harness.ts'

// The real library, with every call on record.
vi.mock('@node-rs/argon2', { spy: true })

afterEach(() => {
  vi.unstubAllEnvs()
  vi.clearAllMocks()
})

const GUESSES = 8
const CHEAP = { memoryCost: 64, timeCost: 1, parallelism: 1 }
/** So that guesses of one user take a hundred times as long as those of another. */
const SLOW = { memoryCost: 4096, timeCost: 2, parallelism: 1 }

interface Server {
  readonly harness: Harness
  readonly passwords: Passwords
  login(username: string, password: string, source: string): Promise<number>
}

/** Ann, whose hash is cheap, and Bob, whose hash is slow; hashed so many at once, `remembered` for a while. */
async function start(
  concurrency: number,
  loginFailures: { perUser?: number; perSource?: number },
  isRemembering = false,
): Promise<Server> {
  vi.stubEnv('UV_THREADPOOL_SIZE', '16')
  const harness = createHarness({ loginFailures })
  const { clock, random } = harness.services
  const cache = isRemembering ? createPasswordCache({ seconds: 30, clock, random }) : undefined
  const passwords = createPasswords({ argon2: CHEAP, concurrency, cache, queue: 100 })
  Object.assign(harness.services, { passwords })
  await harness.user({ username: 'ann', passwordHash: await passwords.hash('right') })
  await harness.user({ username: 'bob', passwordHash: await createPasswords({ argon2: SLOW }).hash('right') })
  const login = async (username: string, password: string, source: string) => {
    const body = new URLSearchParams({ grant_type: 'password', username, password }).toString()
    const headers = { 'content-type': 'application/x-www-form-urlencoded' }
    return (await harness.send({ path: '/spree_oauth/token', headers, body, source })).status
  }
  return { harness, passwords, login }
}

/** In which places of so many guesses at once the right one is told, each time from a source that is known by nobody. */
async function placesTold(
  { login }: Server,
  before: number,
  [guessed, others]: readonly [string, string] = ['ann', 'ann'],
): Promise<number[]> {
  const told: number[] = []
  for (let place = 0; place < GUESSES; place++) {
    const source = `192.0.2.${place + 1}`
    for (let n = 0; n < before; n++) await login(others, 'wrong', source)
    const guesses = Array.from({ length: GUESSES }, (_, n) =>
      n === place ? login(guessed, 'right', source) : login(others, `wrong${n}`, source),
    )
    if ((await Promise.all(guesses))[place] === 200) told.push(place)
  }
  return told
}

describe.each([1, 2, 3, 8])('T100 with %i passwords hashed at once', (concurrency) => {
  test.each([
    [9, [0]],
    [7, [0, 1, 2]],
    [10, []],
  ])('after %i failures of ten the right guess is told in places %j alone', async (before, places) => {
    const server = await start(concurrency, { perUser: 10 })
    expect(await placesTold(server, before)).toEqual(places)
    const counted = server.harness.entries.filter(({ reason }) => reason === 'wrong_password').length
    // One that is right and is not told is counted like the others, under a reason of its own.
    expect(counted).toBeLessThanOrEqual(GUESSES * 10)
    expect(counted).toBeGreaterThanOrEqual(GUESSES * 9)
  })

  test('T117 one that is compared sooner than those before it is told no sooner', async () => {
    const server = await start(concurrency, { perSource: 10 })
    expect(await placesTold(server, 9, ['ann', 'bob'])).toEqual([0])
  })

  test('T027 50 right ones at once are told, with room for one failure', async () => {
    const { login, harness } = await start(concurrency, { perUser: 10, perSource: 100 })
    for (let n = 0; n < 9; n++) await login('ann', 'wrong', '192.0.2.1')
    const read = vi.spyOn(harness.store, 'readLoginFailures')
    const answers = await Promise.all(Array.from({ length: 50 }, () => login('ann', 'right', '192.0.2.1')))
    expect([new Set(answers), read.mock.calls.length]).toEqual([new Set([200]), 50])
  })
})

test('T100 what was right and was not told is not remembered', async () => {
  const { login } = await start(2, { perUser: 1 }, true)
  const hashed = async (status: number, source: string) => {
    vi.clearAllMocks()
    expect(await login('ann', 'right', source)).toBe(status)
    return vi.mocked(argon2.verify).mock.calls.length
  }
  await login('ann', 'wrong', '192.0.2.1')
  expect(await hashed(400, '192.0.2.1')).toBe(1)
  expect(await hashed(200, '192.0.2.2')).toBe(1)
  expect(await hashed(200, '192.0.2.2')).toBe(0)
  // It costs the same to whoever is blocked as if it were not.
  expect(await hashed(400, '192.0.2.1')).toBe(1)
})

import * as argon2 from '@node-rs/argon2'
import { afterEach, expect, it, vi } from 'vitest'
import { createPasswords } from '../../src/crypto/password.ts'

// The real library, watched.
vi.mock('@node-rs/argon2', { spy: true })

afterEach(() => {
  vi.unstubAllEnvs()
  vi.restoreAllMocks()
})

/** How many of twenty passwords are hashed at once at most. */
async function mostAtOnce(concurrency?: number | null): Promise<number> {
  const { verify } = await vi.importActual<typeof argon2>('@node-rs/argon2')
  let running = 0
  let most = 0
  vi.mocked(argon2.verify).mockImplementation(async (hash, password) => {
    most = Math.max(most, ++running)
    try {
      return await verify(hash, password)
    } finally {
      running--
    }
  })
  const passwords = createPasswords({ argon2: { memoryCost: 64, timeCost: 1, parallelism: 1 }, concurrency })
  const answers = await Promise.all(Array.from({ length: 20 }, () => passwords.verify(null, 'spree123')))
  expect(new Set(answers)).toEqual(new Set(['mismatch']))
  return most
}

it.each([1, 2, 3])('%i passwords are hashed at once if that was asked for', async (concurrency) => {
  expect(await mostAtOnce(concurrency)).toBe(concurrency)
})

it.each([null, undefined])(
  'unless it is said (%s), one core is left to everything else',
  async (concurrency) => {
    vi.stubEnv('UV_THREADPOOL_SIZE', '1024')
    expect(await mostAtOnce(concurrency)).toBe(Math.min(20, Math.max(1, navigator.hardwareConcurrency - 1)))
  },
)

it.each([
  [undefined, 3],
  ['6', 5],
  ['2', 1],
  ['1', 1],
  ['0', 1],
  ['none', 1],
])('one of libuv’s threads is left to signatures and files, of %s %i', async (threads, most) => {
  vi.stubEnv('UV_THREADPOOL_SIZE', threads)
  expect(await mostAtOnce(1000)).toBe(most)
})

import * as argon2 from '@node-rs/argon2'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { NOBODY } from '../../src/crypto/bounded-queue.ts'
import { createPasswords, type Passwords } from '../../src/crypto/password.ts'
import { createPasswordCache } from '../../src/crypto/password-cache.ts'
import { createRandom } from '../../src/crypto/random.ts'

// The real library, with every call on record.
vi.mock('@node-rs/argon2', { spy: true })

const CHEAP = { memoryCost: 64, timeCost: 1, parallelism: 1 }
const WEAK = { ...CHEAP, memoryCost: 32 }
const ANN = 'dodici/ann/1'

beforeEach(() => {
  vi.clearAllMocks()
})

/** How many passwords were hashed since the last call. */
function hashed(): number {
  const { length } = vi.mocked(argon2.verify).mock.calls
  vi.clearAllMocks()
  return length
}

function createCachedPasswords(options: { queue?: number; concurrency?: number } = {}) {
  const cache = createPasswordCache({ seconds: 30, clock: () => 0, random: createRandom() })
  return createPasswords({ argon2: CHEAP, cache, ...options })
}

/** What a login does. */
async function login(passwords: Passwords, hash: string | null, password: string, holder: string | null) {
  if (passwords.remembers(hash, password, holder)) return 'match'
  return await passwords.verify(hash, password, NOBODY, { holder })
}

describe('with a cache', () => {
  it('a password that was right is not hashed again', async () => {
    const passwords = createCachedPasswords()
    const hash = await passwords.hash('spree123')
    for (const work of [1, 0, 0]) {
      expect(await login(passwords, hash, 'spree123', ANN)).toBe('match')
      expect(hashed()).toBe(work)
    }
  })

  it('a wrong one is, whether the right one is remembered or not, and each time', async () => {
    const passwords = createCachedPasswords()
    const hash = await passwords.hash('spree123')
    for (let time = 0; time < 2; time++) {
      expect(await login(passwords, hash, 'spree124', ANN)).toBe('mismatch')
      expect(hashed()).toBe(1)
    }
    await login(passwords, hash, 'spree123', ANN)
    expect(hashed()).toBe(1)
    for (let time = 0; time < 2; time++) {
      expect(await login(passwords, hash, 'spree124', ANN)).toBe('mismatch')
      expect(hashed()).toBe(1)
    }
    expect(await login(passwords, hash, 'spree123', ANN)).toBe('match')
    expect(hashed()).toBe(0)
  })

  it('a right one without a holder is, each time, and is not remembered', async () => {
    const passwords = createCachedPasswords()
    const hash = await passwords.hash('spree123')
    for (const holder of [null, null, ANN, null]) {
      expect(await login(passwords, hash, 'spree123', holder)).toBe('match')
      expect(hashed()).toBe(1)
    }
  })

  it('a user without a password has none, each time', async () => {
    const passwords = createCachedPasswords()
    for (const password of ['', '', 'spree123']) {
      expect(await login(passwords, null, password, ANN)).toBe('mismatch')
      expect(hashed()).toBe(1)
    }
  })

  it('one with a weak hash is not remembered: its new hash is still to be made', async () => {
    const weak = await createPasswords({ argon2: WEAK }).hash('spree123')
    const passwords = createCachedPasswords()
    for (let time = 0; time < 2; time++) {
      expect(await login(passwords, weak, 'spree123', ANN)).toBe('match_weak')
      expect(hashed()).toBe(1)
    }
  })

  it('one that is too long is refused as ever', async () => {
    const passwords = createCachedPasswords()
    expect(await login(passwords, await passwords.hash('a'), 'a'.repeat(257), ANN)).toBe('mismatch')
    expect(hashed()).toBe(0)
  })

  it('T110: who is remembered does not wait for those who are not', async () => {
    const passwords = createCachedPasswords({ concurrency: 1, queue: 0 })
    const hash = await passwords.hash('spree123')
    await login(passwords, hash, 'spree123', ANN)
    const flood = login(passwords, hash, 'spree124', ANN)
    await expect(login(passwords, hash, 'spree125', ANN)).rejects.toMatchObject({
      reason: 'hash_queue_full',
    })
    expect(await login(passwords, hash, 'spree123', ANN)).toBe('match')
    expect(await flood).toBe('mismatch')
  })
})

it('without a cache each password is hashed', async () => {
  const passwords = createPasswords({ argon2: CHEAP })
  const hash = await passwords.hash('spree123')
  for (let time = 0; time < 2; time++) {
    expect(await login(passwords, hash, 'spree123', ANN)).toBe('match')
    expect(hashed()).toBe(1)
  }
})

import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  clientSecretNeedsUpgrade,
  createClientSecret,
  hashClientSecret,
  isStrongSecret,
  prepareClientSecret,
  verifyClientSecret,
} from '../../src/crypto/client-secret.ts'
import { createPasswords, type Passwords } from '../../src/crypto/password.ts'
import { createRandom, createSeededRandom } from '../../src/crypto/random.ts'

const random = createRandom()
const passwords = createPasswords({ argon2: { memoryCost: 64, timeCost: 1, parallelism: 1 } })
const vectors = JSON.parse(readFileSync(new URL('fixtures/password-vectors.json', import.meta.url), 'utf8'))

/** A stored SHA-256 must never wait for the hasher. */
const unused: Passwords = {
  hash: () => Promise.reject(new Error('hash was called')),
  verify: () => Promise.reject(new Error('verify was called')),
  statistics: () => ({ waiting: 0 }),
}

describe('createClientSecret', () => {
  it('has 256 random bits in 43 characters, and is strong', () => {
    const secrets = Array.from({ length: 500 }, () => createClientSecret(random))
    expect(new Set(secrets).size).toBe(500)
    for (const secret of secrets) {
      expect(secret).toMatch(/^[A-Za-z0-9_-]{43}$/)
      expect(Buffer.from(secret, 'base64url')).toHaveLength(32)
      expect(isStrongSecret(secret)).toBe(true)
    }
  })

  it('comes from the random source alone', () => {
    expect(createClientSecret(createSeededRandom(3))).toBe(createClientSecret(createSeededRandom(3)))
  })
})

describe('a secret stored as SHA-256', () => {
  const secret = createClientSecret(random)

  it('has a fixed form', () => {
    expect(hashClientSecret('abc')).toBe('sha256:ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0')
  })

  it('is verified at once, without the password hasher', () => {
    expect(verifyClientSecret(hashClientSecret(secret), secret, unused)).toBe(true)
    expect(verifyClientSecret(hashClientSecret(secret), `${secret}x`, unused)).toBe(false)
    expect(verifyClientSecret(hashClientSecret(secret), '', unused)).toBe(false)
  })

  it('is not accepted in its stored form', () => {
    const stored = hashClientSecret(secret)
    expect(verifyClientSecret(stored, stored, unused)).toBe(false)
    expect(verifyClientSecret(stored, stored.slice(7), unused)).toBe(false)
  })

  it.each(['sha256:', 'sha256:abc', 'sha256:!!!'])('never matches when it is damaged: %s', (stored) => {
    expect(verifyClientSecret(stored, '', unused)).toBe(false)
    expect(verifyClientSecret(stored, 'abc', unused)).toBe(false)
  })

  it('matches itself and nothing else', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (a, b) => {
        expect(verifyClientSecret(hashClientSecret(a), b, unused)).toBe(a === b)
      }),
    )
  })
})

describe('a secret stored with a slow hash', () => {
  const { plaintext, stored_4_4_and_later: bcrypt } = vectors.application_secret

  it("is verified as Doorkeeper's bcrypt, and is worth an upgrade", async () => {
    expect(await verifyClientSecret(bcrypt, plaintext, passwords)).toBe(true)
    expect(await verifyClientSecret(bcrypt, `${plaintext}x`, passwords)).toBe(false)
    expect(clientSecretNeedsUpgrade(bcrypt, plaintext)).toBe(true)
    expect(clientSecretNeedsUpgrade(hashClientSecret(plaintext), plaintext)).toBe(false)
    expect(clientSecretNeedsUpgrade(bcrypt, 'secret')).toBe(false)
  })

  it('is what a weak secret gets', async () => {
    const stored = await prepareClientSecret('secret', passwords)
    expect(stored).toMatch(/^\$argon2id\$/)
    expect(await verifyClientSecret(stored, 'secret', passwords)).toBe(true)
    expect(await verifyClientSecret(stored, 'Secret', passwords)).toBe(false)
  })

  it('is not what a strong one gets', async () => {
    expect(await prepareClientSecret(plaintext, unused)).toBe(hashClientSecret(plaintext))
  })

  it.each(['', 'secret', '$2a$05$', '$argon2id$'])(
    'never matches when its form is unknown: %j',
    async (stored) => {
      expect(await verifyClientSecret(stored, stored, passwords)).toBe(false)
      expect(await verifyClientSecret(stored, 'secret', passwords)).toBe(false)
    },
  )
})

describe('isStrongSecret', () => {
  it.each([
    'cxMZ0tbe604qj_13hibNmc3GDsXUQfpzHt9PvweihFc',
    'd41d8cd98f00b204e9800998ecf8427e',
    '7ZY15L7crVZul8i3PZPrnpOkEURK7xnXEWRZdE6K39M',
  ])('takes %s', (secret) => {
    expect(isStrongSecret(secret)).toBe(true)
  })

  it.each([
    '',
    'secret',
    'cxMZ0tbe604qj_13hibNmc3GDsXUQfp',
    'a'.repeat(100),
    '12345678'.repeat(8),
    '1234567890'.repeat(4),
    '12345678901234567890123456789012',
    'abbabaabbaababbabaababbaabbabaab',
    'change-me-please'.repeat(2),
    'change-me-please'.repeat(3).slice(0, 40),
  ])('refuses %s', (secret) => {
    expect(isStrongSecret(secret)).toBe(false)
  })

  it('takes practically every 32 random hexadecimal digits', () => {
    const secrets = Array.from({ length: 2000 }, () => Buffer.from(random.bytes(16)).toString('hex'))
    expect(secrets.filter((secret) => !isStrongSecret(secret)).length).toBeLessThan(10)
  })
})

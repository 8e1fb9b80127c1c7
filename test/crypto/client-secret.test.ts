import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  clientSecretNeedsUpgrade,
  hashClientSecret,
  isStrongSecret,
  prepareClientSecret,
  verifyClientSecret,
} from '../../src/crypto/client-secret.ts'
import { createClientSecret, isDamagedClientSecret } from '../../src/crypto/client-secret-text.ts'
import { createPasswords, type Passwords } from '../../src/crypto/password.ts'
import { createRandom, createSeededRandom } from '../../src/crypto/random.ts'

const random = createRandom()
const passwords = createPasswords({ argon2: { memoryCost: 64, timeCost: 1, parallelism: 1 } })
const vectors = JSON.parse(readFileSync(new URL('fixtures/password-vectors.json', import.meta.url), 'utf8'))

/** A stored SHA-256 must never wait for the hasher. */
const unused: Passwords = {
  hash: () => Promise.reject(new Error('hash was called')),
  verify: () => Promise.reject(new Error('verify was called')),
  findMatch: () => Promise.reject(new Error('findMatch was called')),
  remembers: () => false,
  statistics: () => ({ waiting: 0 }),
}

describe('createClientSecret', () => {
  it('T070 has 256 random bits behind a prefix that scanners find, and is strong', () => {
    const secrets = Array.from({ length: 500 }, () => createClientSecret(random))
    expect(new Set(secrets.map((secret) => secret.slice(5, 48))).size).toBe(500)
    for (const secret of secrets) {
      expect(secret).toMatch(/^mkcs_[0-9A-Za-z]{49}$/)
      expect(isStrongSecret(secret)).toBe(true)
      expect(isDamagedClientSecret(secret)).toBe(false)
    }
    // Each digit of base 62 is drawn: 43 of them hold a little more than 256 bits.
    expect(new Set(secrets.flatMap((secret) => [...secret.slice(7, 48)])).size).toBe(62)
  })

  it('writes the bits as they are, and their CRC-32', () => {
    const bytes = (byte: number) => ({
      ...random,
      bytes: (length: number) => new Uint8Array(length).fill(byte),
    })
    expect(createClientSecret(bytes(0))).toBe(`mkcs_${'0'.repeat(43)}1naFj0`)
    expect(createClientSecret(bytes(255)).slice(5, 48)).toBe('yhjskwdA6OZ1AL1YmHWZWm8LLG7HjnuCA2j5rOw8Xp1')
  })

  it('comes from the random source alone', () => {
    expect(createClientSecret(createSeededRandom(3))).toBe(createClientSecret(createSeededRandom(3)))
  })
})

describe('isDamagedClientSecret', () => {
  it('notices every character that is lost, changed or added', () => {
    const secret = createClientSecret(random)
    for (let at = 5; at < secret.length; at++) {
      expect(isDamagedClientSecret(secret.slice(0, at))).toBe(true)
      const other = secret[at] === 'a' ? 'b' : 'a'
      expect(isDamagedClientSecret(secret.slice(0, at) + other + secret.slice(at + 1))).toBe(true)
      expect(isDamagedClientSecret(secret.slice(0, at) + secret.slice(at + 1))).toBe(true)
      expect(isDamagedClientSecret(`${secret.slice(0, at)}a${secret.slice(at)}`)).toBe(true)
    }
    expect(isDamagedClientSecret(`${secret}\n`)).toBe(true)
  })

  it('says nothing of secrets that others made', () => {
    for (const text of ['', 'mkc', 'a-secret-of-somebody-else', createClientSecret(random).slice(1)]) {
      expect(isDamagedClientSecret(text)).toBe(false)
    }
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

import { createHmac } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  createJwtId,
  createOpaqueToken,
  deriveJwtId,
  deriveOpaqueToken,
  tokenKeyOf,
  tokenKeyOfJwtId,
} from '../../src/crypto/opaque-token.ts'
import { createRandom, createSeededRandom } from '../../src/crypto/random.ts'
import { createRotationKey } from '../../src/crypto/rotation-key.ts'

const random = createRandom()
const anyKey = fc.oneof(
  fc.maxSafeNat(),
  fc.constantFrom(0, 1, 63, 64, 2 ** 24 - 1, 2 ** 24, 2 ** 31, 2 ** 32, 2 ** 48, 2 ** 53 - 2, 2 ** 53 - 1),
)
const rotationKey = createRotationKey(Buffer.alloc(32, 3))
const parent = createOpaqueToken(41, 43, random)

describe('createOpaqueToken', () => {
  it('carries its key through every value and length', () => {
    fc.assert(
      fc.property(anyKey, fc.integer({ min: 36, max: 52 }), (key, length) => {
        const token = createOpaqueToken(key, length, random)
        expect(token).toMatch(new RegExp(`^[A-Za-z0-9_-]{${length}}$`))
        expect(tokenKeyOf(token)).toBe(key)
      }),
      { numRuns: 1000 },
    )
  })

  it('gives each key one selector, and each token its own secret', () => {
    expect(createOpaqueToken(0, 43, random)).toMatch(/^A{9}/)
    expect(createOpaqueToken(2 ** 53 - 1, 43, random)).toMatch(/^f_{8}/)
    const secrets = new Set(Array.from({ length: 1000 }, () => createOpaqueToken(5, 43, random).slice(9)))
    expect(secrets.size).toBe(1000)
  })

  it('takes the whole secret from the random source', () => {
    expect(createOpaqueToken(5, 45, createSeededRandom(1))).toBe(`AAAAAAAAF${createSeededRandom(1).text(36)}`)
  })

  it.each([-1, 1.5, 2 ** 53, Number.NaN])('refuses the key %d', (key) => {
    expect(() => createOpaqueToken(key, 43, random)).toThrow(RangeError)
    expect(() => deriveOpaqueToken(key, 43, 'access', parent, rotationKey)).toThrow(RangeError)
    expect(() => createJwtId(key, random)).toThrow(RangeError)
  })

  it.each([0, 35, 53, 43.5])(
    'refuses a length of %d: less than 160 random bits, or more than can be derived',
    (length) => {
      expect(() => createOpaqueToken(1, length, random)).toThrow(RangeError)
      expect(() => deriveOpaqueToken(1, length, 'access', parent, rotationKey)).toThrow(RangeError)
    },
  )
})

describe('tokenKeyOf', () => {
  it.each([
    ['nothing', ''],
    ['a text that is too short', 'A'.repeat(29)],
    ['a text that is too long', 'A'.repeat(1000)],
    ['a key above 2^53', `g${'A'.repeat(42)}`],
    ['the largest selector', '_'.repeat(43)],
    ['a character of base64', `AAAAAAAAA+${'A'.repeat(33)}`],
    ['a space at the end', `${'A'.repeat(42)} `],
    ['a line end', `${'A'.repeat(42)}\n`],
    ['a NUL', `${'A'.repeat(42)}\0`],
    ['a character that looks like ours', `${'A'.repeat(42)}Ａ`],
    ['a JWT', 'eyJ0eXAiOiJKV1QifQ.eyJhIjoxfQ.c2lnbmF0dXJl'],
  ])('is null for %s', (_, text) => {
    expect(tokenKeyOf(text)).toBeNull()
  })

  it('is null or an exact key for any text, and never throws', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 30, maxLength: 60 }), (text) => {
        const key = tokenKeyOf(text)
        if (key !== null) expect(createOpaqueToken(key, 43, random).slice(0, 9)).toBe(text.slice(0, 9))
      }),
    )
  })
})

describe('deriveOpaqueToken', () => {
  it('gives the same token each time, with the key it was asked for', () => {
    const token = deriveOpaqueToken(42, 43, 'refresh', parent, rotationKey)
    expect(deriveOpaqueToken(42, 43, 'refresh', parent, rotationKey)).toBe(token)
    expect(tokenKeyOf(token)).toBe(42)
    expect(token).toHaveLength(43)
  })

  it('keeps its form: nodes of two versions must agree on it', () => {
    const token = deriveOpaqueToken(42, 45, 'refresh', 'parent', rotationKey)
    const hmac = createHmac('sha256', Buffer.alloc(32, 3))
      .update('refresh\0AAAAAAAAqparent')
      .digest('base64url')
    expect(token).toBe(`AAAAAAAAq${hmac.slice(0, 36)}`)
  })

  it('gives another secret for another purpose, key, parent or rotation key', () => {
    const secrets = [
      deriveOpaqueToken(42, 43, 'refresh', parent, rotationKey),
      deriveOpaqueToken(42, 43, 'access', parent, rotationKey),
      deriveOpaqueToken(43, 43, 'refresh', parent, rotationKey),
      deriveOpaqueToken(42, 43, 'refresh', `${parent}x`, rotationKey),
      deriveOpaqueToken(42, 43, 'refresh', parent, createRotationKey(Buffer.alloc(32, 4))),
      `${deriveJwtId(42, parent, rotationKey).slice(1)}`.padEnd(43, 'A'),
    ].map((token) => token.slice(9, 31))
    expect(new Set(secrets).size).toBe(secrets.length)
  })

  it('derives an access token that tells nothing about the refresh token', () => {
    const access = deriveOpaqueToken(42, 43, 'access', parent, rotationKey)
    const refresh = deriveOpaqueToken(42, 43, 'refresh', parent, rotationKey)
    expect(access.slice(0, 9)).toBe(refresh.slice(0, 9))
    expect(access.slice(9)).not.toBe(refresh.slice(9))
  })
})

describe('JWT ids', () => {
  it('carry their key, or none', () => {
    fc.assert(
      fc.property(anyKey, (key) => {
        const drawn = createJwtId(key, random)
        const derived = deriveJwtId(key, parent, rotationKey)
        for (const jti of [drawn, derived]) {
          expect(jti).toMatch(/^[\w-]{9}\.[\w-]{22}$/)
          expect(tokenKeyOfJwtId(jti)).toBe(key)
        }
      }),
    )
    expect(createJwtId(null, random)).toMatch(/^[\w-]{22}$/)
    expect(tokenKeyOfJwtId(createJwtId(null, random))).toBeNull()
  })

  it('are drawn each time, or derived the same each time', () => {
    expect(createJwtId(7, random)).not.toBe(createJwtId(7, random))
    expect(deriveJwtId(7, parent, rotationKey)).toBe(deriveJwtId(7, parent, rotationKey))
    expect(deriveJwtId(7, parent, rotationKey)).not.toBe(deriveJwtId(7, `${parent}x`, rotationKey))
  })

  it.each([
    '',
    '.',
    'AAAAAAAAA.',
    `AAAAAAAAA.${'A'.repeat(21)}`,
    `AAAAAAAAA.${'A'.repeat(23)}`,
    `AAAAAAAA=.${'A'.repeat(22)}`,
    `AAAAAAAAA.${'A'.repeat(21)}\n`,
    `gAAAAAAAA.${'A'.repeat(22)}`,
    'A'.repeat(32),
  ])('of another form carry no key: %j', (jti) => {
    expect(tokenKeyOfJwtId(jti)).toBeNull()
  })
})

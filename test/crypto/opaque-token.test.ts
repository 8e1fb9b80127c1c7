import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createKeyedDigest } from '../../src/crypto/keyed-digest.ts'
import {
  createJwtId,
  createOpaqueToken,
  deriveSuccessors,
  tokenKeyOf,
  tokenKeyOfJwtId,
} from '../../src/crypto/opaque-token.ts'
import { createRandom, createSeededRandom } from '../../src/crypto/random.ts'

const random = createRandom()
const anyKey = fc.oneof(
  fc.maxSafeNat(),
  fc.constantFrom(0, 1, 63, 64, 2 ** 24 - 1, 2 ** 24, 2 ** 31, 2 ** 32, 2 ** 48, 2 ** 53 - 2, 2 ** 53 - 1),
)
const rotationKey = createKeyedDigest(Buffer.alloc(32, 3))
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
    expect(() => deriveSuccessors(key, 43, 'opaque', parent, rotationKey)).toThrow(RangeError)
    expect(() => createJwtId(key, random)).toThrow(RangeError)
  })

  it.each([0, 35, 53, 43.5])(
    'refuses a length of %d: less than 160 random bits, or more than can be derived',
    (length) => {
      expect(() => createOpaqueToken(1, length, random)).toThrow(RangeError)
      expect(() => deriveSuccessors(1, length, 'opaque', parent, rotationKey)).toThrow(RangeError)
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

describe('deriveSuccessors', () => {
  const derived = (key = 42, from = parent, secret = rotationKey) =>
    deriveSuccessors(key, 43, 'opaque', from, secret)

  it('gives the same tokens each time, with the key and the length they were asked for', () => {
    fc.assert(
      fc.property(anyKey, fc.integer({ min: 36, max: 52 }), (key, length) => {
        const { access, refresh } = deriveSuccessors(key, length, 'opaque', parent, rotationKey)
        expect(deriveSuccessors(key, length, 'opaque', parent, rotationKey)).toEqual({ access, refresh })
        for (const token of [access, refresh]) {
          expect(token).toMatch(new RegExp(`^[A-Za-z0-9_-]{${length}}$`))
          expect(tokenKeyOf(token)).toBe(key)
        }
      }),
    )
  })

  it('keeps its form: nodes of two versions must agree on it', () => {
    const { access, refresh } = deriveSuccessors(42, 52, 'opaque', 'parent', rotationKey)
    expect(access).toBe('AAAAAAAAqAaADxw_yfyXOqTMBHeqCnWV2XrMj05uybo_CL6kfPkK')
    expect(refresh).toBe('AAAAAAAAqDABReks8e0TQuTYdoeC3zdxHPU33bVtwM33WtpKkbLQ')
    expect(deriveSuccessors(42, 45, 'opaque', 'parent', rotationKey)).toEqual({
      access: access.slice(0, 45),
      refresh: refresh.slice(0, 45),
    })
  })

  it('gives another secret for another purpose, format, key, parent or rotation key', () => {
    const successors = [
      derived(),
      derived(43),
      derived(42, `${parent}x`),
      derived(42, parent, createKeyedDigest(Buffer.alloc(32, 4))),
      deriveSuccessors(42, 43, 'jwt', parent, rotationKey),
    ]
    const secrets = successors.flatMap(({ access, refresh }) => [
      access.slice(9).replace(/^\./, '').slice(0, 22),
      refresh.slice(9, 31),
    ])
    expect(new Set(secrets).size).toBe(secrets.length)
  })

  it('derives an access token that tells nothing about the refresh token', () => {
    const { access, refresh } = deriveSuccessors(42, 52, 'opaque', parent, rotationKey)
    expect(access.slice(0, 9)).toBe(refresh.slice(0, 9))
    for (let start = 9; start + 8 <= 52; start++)
      expect(refresh).not.toContain(access.slice(start, start + 8))
  })
})

describe('JWT ids', () => {
  it('carry their key, or none', () => {
    fc.assert(
      fc.property(anyKey, (key) => {
        const drawn = createJwtId(key, random)
        const derived = deriveSuccessors(key, 43, 'jwt', parent, rotationKey).access
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
    const derived = (from: string) => deriveSuccessors(7, 43, 'jwt', from, rotationKey).access
    expect(derived(parent)).toBe(derived(parent))
    expect(derived(parent)).not.toBe(derived(`${parent}x`))
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

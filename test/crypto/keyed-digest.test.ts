import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createKeyedDigest } from '../../src/crypto/keyed-digest.ts'

const key = fc.uint8Array({ minLength: 32, maxLength: 32 })
const text = fc.string({ unit: 'grapheme' })

test('is SHA3-512 of the key and the text, as the streaming hash gives it', () => {
  fc.assert(
    fc.property(key, text, (key, text) => {
      const sha3 = createHash('sha3-512').update(Buffer.from(key).toString('base64url')).update(text, 'utf8')
      expect(createKeyedDigest(key)(text)).toBe(sha3.digest('base64url'))
    }),
  )
})

test('keeps its form: nodes of two versions must agree on it', () => {
  expect(createKeyedDigest(Buffer.alloc(32, 3))('text')).toBe(
    'gUKgZZfra2AurRwW-jqdtdpGeKYCgS0Caglj4rahrGvnkoEicBFi5knIVTakeDY8bx1NFUqXyLOW17j4u9F-dw',
  )
})

test('has two halves, each of which depends on every bit of the key and of the text', () => {
  const known = Buffer.alloc(32, 3)
  const halves = (digest: string) => [digest.slice(0, 43), digest.slice(43)]
  const digests = [createKeyedDigest(known)('text'), createKeyedDigest(known)('texu')]
  for (let bit = 0; bit < 256; bit++) {
    const other = Buffer.from(known)
    other[bit >> 3]! ^= 1 << (bit & 7)
    digests.push(createKeyedDigest(other)('text'))
  }
  expect(new Set(digests.flatMap(halves)).size).toBe(2 * digests.length)
})

test.each([0, 31, 33, 64])('refuses a key of %d bytes', (length) => {
  expect(() => createKeyedDigest(new Uint8Array(length))).toThrow(RangeError)
})

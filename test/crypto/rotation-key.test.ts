import { createHmac } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createRotationKey } from '../../src/crypto/rotation-key.ts'

const key = fc.uint8Array({ maxLength: 64 })
const text = fc.string({ unit: 'binary' })

test('is the HMAC-SHA256 that Node gives, for any key and text', () => {
  fc.assert(
    fc.property(key, fc.array(text), (key, texts) => {
      const rotationKey = createRotationKey(key)
      for (const text of texts) {
        expect(rotationKey(text)).toBe(createHmac('sha256', key).update(text).digest('base64url'))
      }
    }),
  )
})

test('gives the known value of RFC 4231 §4.3', () => {
  const known = Buffer.from('5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843', 'hex')
  const rotationKey = createRotationKey(Buffer.from('Jefe'))
  expect(rotationKey('what do ya want for nothing?')).toBe(known.toString('base64url'))
})

test('refuses a key that RFC 2104 would have hashed first', () => {
  expect(() => createRotationKey(new Uint8Array(65))).toThrow(RangeError)
})

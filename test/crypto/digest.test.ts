import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { sameBytes, sha256 } from '../../src/crypto/digest.ts'

describe('sha256', () => {
  it('gives the known digest of FIPS 180-2', () => {
    expect(Buffer.from(sha256('abc')).toString('hex')).toBe(
      'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    )
  })

  it('is 32 bytes of the UTF-8 text, as the streaming hash gives them', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        expect(Buffer.from(sha256(text))).toEqual(createHash('sha256').update(text, 'utf8').digest())
      }),
    )
  })
})

describe('sameBytes', () => {
  const bytes = fc.uint8Array({ maxLength: 40 })

  it('agrees with comparing byte by byte', () => {
    fc.assert(
      fc.property(bytes, bytes, (a, b) => {
        expect(sameBytes(a, b)).toBe(Buffer.compare(a, b) === 0)
        expect(sameBytes(a, Uint8Array.from(a))).toBe(true)
      }),
    )
  })

  it('sees one changed bit anywhere', () => {
    const a = sha256('abc')
    for (let bit = 0; bit < 256; bit++) {
      const b = Uint8Array.from(a)
      b[bit >> 3]! ^= 1 << (bit & 7)
      expect(sameBytes(a, b)).toBe(false)
    }
  })

  it('is false, and does not throw, on different length', () => {
    expect(sameBytes(new Uint8Array(32), new Uint8Array(31))).toBe(false)
    expect(sameBytes(new Uint8Array(0), new Uint8Array(1))).toBe(false)
  })
})

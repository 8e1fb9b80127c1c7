import { hkdfSync } from 'node:crypto'
import { inspect } from 'node:util'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createMasterKey, deriveKey, seal, unseal } from '../../src/crypto/seal.ts'

const masterKey = createMasterKey(Buffer.alloc(32, 1))
const other = createMasterKey(Buffer.alloc(32, 2))
const plaintext = Buffer.from('a private key')

describe('createMasterKey', () => {
  const bytes = Buffer.from('ff00fe01fb02fa03ff00fe01fb02fa03ff00fe01fb02fa03ff00fe01fb02fa03', 'hex')

  it.each([
    ['hexadecimal', bytes.toString('hex')],
    ['upper-case hexadecimal', bytes.toString('hex').toUpperCase()],
    ['base64', bytes.toString('base64')],
    ['base64 without padding', bytes.toString('base64').replaceAll('=', '')],
    ['base64url', bytes.toString('base64url')],
    ['a line with its end', `${bytes.toString('base64')}\n`],
  ])('reads %s', (_, text) => {
    expect(deriveKey(createMasterKey(text), 'x')).toEqual(deriveKey(createMasterKey(bytes), 'x'))
  })

  it.each([
    ['nothing', ''],
    ['a password', 'correct horse battery staple correct horse battery'],
    ['31 bytes in hexadecimal', '00'.repeat(31)],
    ['31 bytes in base64', Buffer.alloc(31).toString('base64')],
    ['another alphabet', `${'A'.repeat(50)}é`],
  ])('refuses %s, and says how to make one', (_, text) => {
    expect(() => createMasterKey(text)).toThrow(/32 bytes or more.*openssl rand -base64 32/)
  })

  it('refuses 31 bytes, and takes more than 32', () => {
    expect(() => createMasterKey(Buffer.alloc(31))).toThrow(/32 bytes/)
    expect(deriveKey(createMasterKey(Buffer.alloc(33)), 'x')).toHaveLength(32)
  })

  it('never repeats a key in its error', () => {
    const text = 'my secret that is not long enough'
    expect(() => createMasterKey(text)).not.toThrow(text)
  })

  it('shows nothing when printed', () => {
    const key = createMasterKey('41'.repeat(32))
    expect(JSON.stringify(key)).not.toMatch(/4141|AAAA|QUFB/)
    expect(inspect(key, { depth: 9, showHidden: true })).not.toMatch(/4141|41 41|AAAA|QUFB/)
  })
})

describe('deriveKey', () => {
  it('is HKDF-SHA256: other versions and nodes must get the same', () => {
    const expected = hkdfSync('sha256', Buffer.alloc(32, 1), '', 'mintkeeper purpose rotation', 32)
    expect(deriveKey(masterKey, 'rotation')).toEqual(Buffer.from(expected))
  })

  it('gives each purpose and each master key its own', () => {
    const keys = [
      deriveKey(masterKey, 'rotation'),
      deriveKey(masterKey, 'seal'),
      deriveKey(other, 'rotation'),
    ]
    expect(new Set(keys.map((key) => key.toString('hex'))).size).toBe(3)
  })
})

describe('seal and unseal', () => {
  it('give back what was sealed', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2000 }), fc.string(), (bytes, context) => {
        expect(Uint8Array.from(unseal(masterKey, seal(masterKey, bytes, context), context))).toEqual(bytes)
      }),
    )
  })

  it('read a view into a larger buffer, as databases return them', () => {
    const sealed = seal(masterKey, plaintext, 'dodici/1')
    const larger = new Uint8Array(sealed.length + 20)
    larger.set(sealed, 7)
    expect(Buffer.from(unseal(masterKey, larger.subarray(7, 7 + sealed.length), 'dodici/1'))).toEqual(
      plaintext,
    )
  })

  it('never seal twice alike, and never show the plaintext', () => {
    const sealed = Array.from({ length: 100 }, () => Buffer.from(seal(masterKey, plaintext, 'x')))
    expect(new Set(sealed.map((bytes) => bytes.toString('hex'))).size).toBe(100)
    // The nonces alone, too: a nonce used twice gives the key stream away.
    expect(new Set(sealed.map((bytes) => bytes.toString('hex', 5, 17))).size).toBe(100)
    for (const bytes of sealed) expect(bytes.includes(plaintext)).toBe(false)
  })

  it('tell the operator when the master key is another one', () => {
    expect(() => unseal(other, seal(masterKey, plaintext, 'dodici/1'), 'dodici/1')).toThrow(
      /dodici\/1 was sealed with another master key/,
    )
  })

  it('refuse a value that was moved to another context', () => {
    expect(() => unseal(masterKey, seal(masterKey, plaintext, 'dodici/1'), 'dodici/2')).toThrow(
      /belongs to something else/,
    )
  })

  it('refuse a change of any single bit', () => {
    const sealed = seal(masterKey, plaintext, 'x')
    for (let bit = 0; bit < sealed.length * 8; bit++) {
      const changed = Uint8Array.from(sealed)
      changed[bit >> 3]! ^= 1 << (bit & 7)
      expect(() => unseal(masterKey, changed, 'x')).toThrow(/damaged|another master key/)
    }
  })

  it('refuse what was cut short or is something else', () => {
    const sealed = seal(masterKey, plaintext, 'x')
    for (let length = 0; length < sealed.length; length++) {
      expect(() => unseal(masterKey, sealed.subarray(0, length), 'x')).toThrow(/damaged/)
    }
    expect(() => unseal(masterKey, Buffer.from('-----BEGIN PRIVATE KEY-----'), 'x')).toThrow(/damaged/)
  })
})

import { describe, expect, test } from 'vitest'
import { algorithmsOf, clientJwksProblems, toClientJwks } from '../../src/protocol/client-jwks.ts'

/** Bytes of which the first is not zero. */
const bytes = (length: number, first = 0x80) =>
  Buffer.from(Uint8Array.from({ length }, (_, index) => (index === 0 ? first : index % 251))).toString(
    'base64url',
  )

const RSA = { kty: 'RSA', kid: 'rsa', n: bytes(256), e: 'AQAB' }
const P256 = { kty: 'EC', crv: 'P-256', kid: 'p-256', x: bytes(32), y: bytes(32) }
const P384 = { kty: 'EC', crv: 'P-384', kid: 'p-384', x: bytes(48), y: bytes(48) }
const ED = { kty: 'OKP', crv: 'Ed25519', kid: 'ed', x: bytes(32) }

function places(value: unknown): readonly string[] {
  return clientJwksProblems(value).map(({ path }) => path.join('.'))
}

test('keys of every type are kept, without what is not needed', () => {
  const keys = [RSA, P256, P384, ED]
  expect(places({ keys })).toEqual([])
  const dressed = keys.map((key) => ({ ...key, use: 'sig', key_ops: ['verify'], x5t: 'a', ext: true }))
  expect(places({ keys: dressed, more: 1 })).toEqual([])
  expect(toClientJwks({ keys: dressed, more: 1 })).toEqual({ keys })
  expect(toClientJwks({ keys: [{ ...ED, alg: 'EdDSA', y: 'x' }] })).toEqual({
    keys: [{ ...ED, alg: 'EdDSA' }],
  })
})

test('an RSA key is for two algorithms, or for its own', () => {
  const of = (key: object) => algorithmsOf(toClientJwks({ keys: [key] }).keys[0] as never)
  expect(of(RSA)).toEqual(['RS256', 'PS256'])
  expect(of({ ...RSA, alg: 'PS256' })).toEqual(['PS256'])
  expect(of(P384)).toEqual(['ES384'])
  expect(of({ ...ED, alg: 'EdDSA' })).toEqual(['EdDSA', 'Ed25519'])
})

describe('refused is', () => {
  test.each<[string, unknown]>([
    ['no object', 'jwks'],
    ['nothing', null],
    ['a list', [RSA]],
    ['a sole key', RSA],
    ['keys that are no list', { keys: RSA }],
  ])('%s', (_name, value) => {
    expect(places(value)).toEqual([''])
  })

  test('a set of none or of more than ten', () => {
    const many = (count: number) => ({
      keys: Array.from({ length: count }, (_, index) => ({ ...ED, kid: `${index}` })),
    })
    expect([places(many(0)), places(many(10)), places(many(11))]).toEqual([['keys'], [], ['keys']])
  })

  test('a kid that two have, or that one of several lacks', () => {
    expect(places({ keys: [ED, { ...RSA, kid: 'ed' }] })).toEqual(['keys.0.kid', 'keys.1.kid'])
    expect(places({ keys: [ED, { ...RSA, kid: undefined }] })).toEqual(['keys.1.kid'])
    expect(places({ keys: [{ ...RSA, kid: undefined }] })).toEqual([])
  })

  test.each<[string, object, string]>([
    ['a symmetric key', { kty: 'oct', k: bytes(32) }, ''],
    ['a symmetric key in disguise', { ...ED, k: bytes(32) }, ''],
    ['a private key', { ...P256, d: bytes(32) }, ''],
    ['a private RSA key without its d', { ...RSA, p: bytes(128) }, ''],
    ['a private member without a value', { ...ED, d: undefined }, ''],
    ['an unknown type', { kty: 'AKP', kid: 'x' }, 'kty'],
    ['an unknown curve', { ...P256, crv: 'secp256k1' }, 'kty'],
    ['another curve of the type', { ...ED, crv: 'X25519' }, 'kty'],
    ['an RSA key of 1024 bits', { ...RSA, n: bytes(128) }, 'n'],
    ['an RSA key of 2047 bits', { ...RSA, n: bytes(256, 0x7f) }, 'n'],
    ['an RSA key of 2040 bits with a zero before them', { ...RSA, n: bytes(256, 0) }, 'n'],
    ['an RSA key of 8200 bits', { ...RSA, n: bytes(1025) }, 'n'],
    ['the exponent 1', { ...RSA, e: 'AQ' }, 'e'],
    ['the exponent 3', { ...RSA, e: 'Aw' }, 'e'],
    ['an even exponent', { ...RSA, e: 'AQAA' }, 'e'],
    ['a huge exponent', { ...RSA, e: bytes(5) }, 'e'],
    ['no exponent', { ...RSA, e: undefined }, 'e'],
    ['a coordinate that is short', { ...P256, x: bytes(31) }, 'x'],
    ['coordinates of the other curve', { ...P384, y: bytes(32) }, 'y'],
    ['base64', { ...ED, x: `${bytes(30)}+/A` }, 'x'],
    ['unused bits', { ...ED, x: `${bytes(32).slice(0, -1)}B` }, 'x'],
    ['no text', { ...ED, x: 1 }, 'x'],
    ['the algorithm of another type', { ...RSA, alg: 'ES256' }, 'alg'],
    ['RS512', { ...RSA, alg: 'RS512' }, 'alg'],
    ['HS256', { ...RSA, alg: 'HS256' }, 'alg'],
    ['a key for encryption', { ...RSA, use: 'enc' }, 'use'],
    ['a key that is not to verify', { ...RSA, key_ops: ['wrapKey'] }, 'key_ops'],
    ['a kid of several lines', { ...RSA, kid: 'a\nb' }, 'kid'],
    ['a kid that is too long', { ...RSA, kid: 'k'.repeat(256) }, 'kid'],
    ['an empty kid', { ...RSA, kid: '' }, 'kid'],
  ])('%s', (_name, key, place) => {
    expect(places({ keys: [key] })).toEqual([place === '' ? 'keys.0' : `keys.0.${place}`])
  })

  test.each([null, 'x', [RSA]])('%j for a key', (key) => {
    expect(places({ keys: [key] })).toEqual(['keys.0'])
  })
})

test('no problem quotes what was given', () => {
  const value = {
    keys: [
      { ...P256, d: 'canary', kid: 'canary\n' },
      { ...RSA, n: 'canary+', alg: 'canary' },
    ],
  }
  expect(clientJwksProblems(value).length).toBeGreaterThan(1)
  expect(JSON.stringify(clientJwksProblems(value))).not.toContain('canary')
})

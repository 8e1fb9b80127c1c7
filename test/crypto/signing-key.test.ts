import { createPrivateKey, createPublicKey, generateKeyPairSync, hash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { calculateJwkThumbprint, importJWK } from 'jose'
import { describe, expect, it } from 'vitest'
import { generateSigningKey, importPublicKey } from '../../src/crypto/signing-key.ts'
import { SIGNING_ALGORITHMS } from '../../src/protocol/jwt.ts'

const fixture = (name: string) => readFileSync(new URL(`fixtures/${name}`, import.meta.url), 'utf8')
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const ed = generateKeyPairSync('ed25519')
const pem = (key: { export(options: { format: 'pem'; type: 'spki' }): string | Buffer }) =>
  String(key.export({ format: 'pem', type: 'spki' }))

describe.each(SIGNING_ALGORITHMS)('generateSigningKey %s', (algorithm) => {
  const generated = generateSigningKey(algorithm)
  const members = {
    RS256: ['kty', 'n', 'e', 'use', 'alg', 'kid'],
    ES256: ['kty', 'crv', 'x', 'y', 'use', 'alg', 'kid'],
    EdDSA: ['kty', 'crv', 'x', 'use', 'alg', 'kid'],
  }[algorithm]

  it('publishes what a resource server needs, and nothing private', async () => {
    const { kid, publicJwk } = await generated
    expect(publicJwk).toMatchObject({ use: 'sig', alg: algorithm, kid })
    expect(Object.keys(publicJwk).toSorted()).toEqual(members.toSorted())
    expect((await importJWK({ ...publicJwk }, algorithm)) instanceof CryptoKey).toBe(true)
  })

  it('names the key by its SPKI, in 54 characters of Base64', async () => {
    const { kid, publicJwk } = await generated
    const spki = createPublicKey({ key: { ...publicJwk }, format: 'jwk' }).export({
      format: 'der',
      type: 'spki',
    })
    expect(kid).toMatch(/^[A-Za-z0-9+/]{54}$/)
    expect(Buffer.from(kid, 'base64').toString()).toBe(hash('sha1', spki).toUpperCase())
  })

  it('gives the private half of the same pair as PKCS #8', async () => {
    const { privateKey, publicJwk } = await generated
    const key = createPrivateKey({ key: Buffer.from(privateKey), format: 'der', type: 'pkcs8' })
    const jwk = createPublicKey(key).export({ format: 'jwk' })
    expect(publicJwk).toMatchObject({ ...jwk })
    if (algorithm === 'RS256')
      expect(key.asymmetricKeyDetails).toMatchObject({ modulusLength: 2048, publicExponent: 65537n })
  })

  it('makes another key each time', async () => {
    const [one, two] = [await generated, await generateSigningKey(algorithm)]
    expect(one.kid).not.toBe(two.kid)
  })

  it('makes keys that can be imported again, by JWK and by JSON text', async () => {
    const { kid, publicJwk } = await generated
    expect(importPublicKey(publicJwk)).toEqual({ kid, algorithm, publicJwk })
    expect(importPublicKey(JSON.stringify(publicJwk))).toEqual({ kid, algorithm, publicJwk })
    const { kid: _, ...nameless } = publicJwk
    expect(importPublicKey(nameless)).toEqual({ kid, algorithm, publicJwk })
  })
})

describe('importPublicKey', () => {
  it.each([
    ['RS256', rsa.publicKey],
    ['ES256', ec.publicKey],
    ['EdDSA', ed.publicKey],
  ] as const)('reads a PEM public key: %s', async (algorithm, publicKey) => {
    const imported = importPublicKey(`\n${pem(publicKey)}\n`)
    const spki = publicKey.export({ format: 'der', type: 'spki' })
    expect(imported.algorithm).toBe(algorithm)
    expect(Buffer.from(imported.kid, 'base64').toString()).toBe(hash('sha1', spki).toUpperCase())
    expect(await calculateJwkThumbprint({ ...imported.publicJwk })).toBe(
      await calculateJwkThumbprint(publicKey.export({ format: 'jwk' })),
    )
  })

  it("keeps the JWK's own kid, unless another one is given", () => {
    const jwk = {
      ...rsa.publicKey.export({ format: 'jwk' }),
      kid: 'old-key',
      use: 'sig',
      alg: 'RS256',
      x5t: 'abc',
    }
    expect(importPublicKey(jwk)).toMatchObject({ kid: 'old-key', publicJwk: { kid: 'old-key' } })
    expect(importPublicKey(jwk).publicJwk).not.toHaveProperty('x5t')
    expect(importPublicKey(jwk, { kid: 'other' })).toMatchObject({
      kid: 'other',
      publicJwk: { kid: 'other' },
    })
  })

  it('names a certificate by its SHA-1 fingerprint, as Auth0 does', () => {
    const imported = importPublicKey(fixture('certificate.pem'))
    expect(imported).toMatchObject({ algorithm: 'RS256', kid: fixture('certificate.kid.txt').trim() })
  })

  it.each([
    ['an RSA private key', String(rsa.privateKey.export({ format: 'pem', type: 'pkcs8' }))],
    ['an old-style private key', String(rsa.privateKey.export({ format: 'pem', type: 'pkcs1' }))],
    ['a private JWK', JSON.stringify(ec.privateKey.export({ format: 'jwk' }))],
    ['a symmetric JWK', '{"kty":"oct","k":"c2VjcmV0"}'],
  ])('refuses %s', (_, source) => {
    expect(() => importPublicKey(source)).toThrow(/is a private or symmetric one/)
  })

  it.each([
    [
      '1024 bits',
      pem(generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey),
      /1024 bits; 2048 or more/,
    ],
    [
      'P-384',
      pem(generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey),
      /neither RSA, P-256 nor Ed25519/,
    ],
    ['X25519', pem(generateKeyPairSync('x25519').publicKey), /neither RSA, P-256 nor Ed25519/],
    ['RSA-PSS', pem(generateKeyPairSync('rsa-pss', { modulusLength: 2048 }).publicKey), /neither RSA/],
    ['nothing', '', /neither a PEM public key/],
    ['garbage', 'hello', /neither a PEM public key/],
    ['broken PEM', pem(ec.publicKey).replace(/\n.{10}/, '\n'), /neither a PEM public key/],
    ['broken JSON', '{"kty":', /no valid JSON/],
    ['an empty JWK', '{}', /no public key of type/],
    ['a JWK set', '{"keys":[]}', /no public key of type/],
  ])('refuses %s, and says why', (_, source, message) => {
    expect(() => importPublicKey(source)).toThrow(message)
  })

  it('refuses a key that was made for something else', () => {
    const jwk = rsa.publicKey.export({ format: 'jwk' })
    expect(() => importPublicKey({ ...jwk, alg: 'PS256' })).toThrow(/for PS256; only RS256/)
    expect(() => importPublicKey({ ...jwk, alg: 'ES256' })).toThrow(/for ES256/)
    expect(() => importPublicKey({ ...jwk, use: 'enc' })).toThrow(/use is enc, not sig/)
  })
})

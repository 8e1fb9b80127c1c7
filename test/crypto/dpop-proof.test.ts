import { createHmac, generateKeyPairSync, type KeyObject, sign as signBytes } from 'node:crypto'
import { calculateJwkThumbprint } from 'jose'
import { describe, expect, test } from 'vitest'
import { verifyDpopProof } from '../../src/crypto/dpop-proof.ts'
import { OAuthError } from '../../src/protocol/errors.ts'
import { CLIENT_KEYS, KEY, OTHER_KEY } from './assertions.ts'
import { base64url, createForgeries, ec, rsa } from './forgeries.ts'
import { bareJwk, proofClaims, signProof } from './proofs.ts'

const CLAIMS = proofClaims('https://main.example/oauth/token', 1_767_225_600)

/** `ok`, or the reason why not. */
function outcomeOf(text: string): string {
  try {
    verifyDpopProof(text)
    return 'ok'
  } catch (thrown) {
    if (thrown instanceof OAuthError && thrown.code === 'invalid_dpop_proof') return thrown.reason
    throw thrown
  }
}

/** Signs any header, such as one that jose would not. */
function forge(header: object, key: KeyObject = KEY.privateKey, payload: object | string = CLAIMS): string {
  const claims = typeof payload === 'string' ? payload : JSON.stringify(payload)
  const input = `${base64url(JSON.stringify(header))}.${base64url(claims)}`
  const signature = signBytes('sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' })
  return `${input}.${base64url(signature)}`
}

const HEADER = { typ: 'dpop+jwt', alg: 'ES256', jwk: bareJwk(KEY) }

describe.each(CLIENT_KEYS)('$algorithm', (key) => {
  test('is verified as jose signs it, and has the thumbprint of RFC 7638', async () => {
    const proof = verifyDpopProof(await signProof(CLAIMS, key))
    expect(proof).toEqual({ claims: CLAIMS, jkt: await calculateJwkThumbprint(key.jwk as never) })
    expect(proof.jkt).toMatch(/^[\w-]{43}$/)
  })

  test('has the same thumbprint whatever else stands in the key', async () => {
    const jwk = { use: 'sig', key_ops: ['verify'], ext: true, kid: 'mine', x5t: 'x', ...bareJwk(key) }
    const proof = verifyDpopProof(await signProof(CLAIMS, key, { jwk }))
    expect(proof.jkt).toBe(await calculateJwkThumbprint(key.jwk as never))
  })

  test('is for no other algorithm', async () => {
    for (const other of CLIENT_KEYS.filter(({ jwk }) => jwk.kid !== key.jwk.kid)) {
      expect(outcomeOf(await signProof(CLAIMS, other, { jwk: bareJwk(key) }))).toBe('dpop_proof_key')
    }
  })

  test('is none, once a character of it is another', async () => {
    const [header, claims, signature = ''] = (await signProof(CLAIMS, key)).split('.')
    const other = base64url(JSON.stringify({ ...CLAIMS, jti: 'another' }))
    const turned = (signature.startsWith('A') ? 'B' : 'A') + signature.slice(1)
    for (const text of [`${header}.${other}.${signature}`, `${header}.${claims}.${turned}`]) {
      expect(outcomeOf(text)).toBe('dpop_proof_signature')
    }
  })
})

test('the example of RFC 9449 §4.1 is one', () => {
  const jwk = {
    kty: 'EC',
    x: 'l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs',
    y: '9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA',
    crv: 'P-256',
  }
  const claims = {
    jti: '-BwC3ESc6acc2lTc',
    htm: 'POST',
    htu: 'https://server.example.com/token',
    iat: 1_562_262_616,
  }
  const text = [
    base64url(JSON.stringify({ typ: 'dpop+jwt', alg: 'ES256', jwk })),
    base64url(JSON.stringify(claims)),
    '2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZT3Lg',
  ].join('.')
  expect(verifyDpopProof(text)).toEqual({ claims, jkt: '0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I' })
})

const shortRsa = generateKeyPairSync('rsa', { modulusLength: 1024 })
const rsaJwk = rsa.publicKey.export({ format: 'jwk' })
const padded = base64url(Buffer.concat([Buffer.of(0), Buffer.from(String(rsaJwk.n), 'base64url')]))
const ecJwk = bareJwk(KEY)

test.each<[string, string, string]>([
  ['no text', '', 'dpop_proof_malformed'],
  ['no JWT', 'x.y.z', 'dpop_proof_malformed'],
  ['two parts', forge(HEADER).split('.').slice(0, 2).join('.'), 'dpop_proof_malformed'],
  ['four parts', `${forge(HEADER)}.x`, 'dpop_proof_malformed'],
  ['a space after it', `${forge(HEADER)} `, 'dpop_proof_malformed'],
  ['claims that are a list', forge(HEADER, KEY.privateKey, []), 'dpop_proof_malformed'],
  ['a claim twice', forge(HEADER, KEY.privateKey, '{"htm":"GET","htm":"POST"}'), 'dpop_proof_malformed'],
  ['crit', forge({ ...HEADER, crit: ['exp'], exp: 1 }), 'dpop_proof_malformed'],
  ['an empty crit', forge({ ...HEADER, crit: [] }), 'dpop_proof_malformed'],
  ['b64', forge({ ...HEADER, b64: false }), 'dpop_proof_malformed'],
  ['a JWE header', forge({ ...HEADER, enc: 'A256GCM' }), 'dpop_proof_malformed'],
  ['no typ', forge({ ...HEADER, typ: undefined }), 'dpop_proof_type'],
  ['the typ of a JWT', forge({ ...HEADER, typ: 'JWT' }), 'dpop_proof_type'],
  ['the typ of an access token', forge({ ...HEADER, typ: 'at+jwt' }), 'dpop_proof_type'],
  ['the typ in a list', forge({ ...HEADER, typ: ['dpop+jwt'] }), 'dpop_proof_type'],
  ['no alg', forge({ ...HEADER, alg: undefined }), 'dpop_proof_algorithm'],
  ['alg none', forge({ ...HEADER, alg: 'none' }), 'dpop_proof_algorithm'],
  ['alg HS256', forge({ ...HEADER, alg: 'HS256' }), 'dpop_proof_algorithm'],
  ['alg ES512', forge({ ...HEADER, alg: 'ES512' }), 'dpop_proof_algorithm'],
  ['alg in lower case', forge({ ...HEADER, alg: 'es256' }), 'dpop_proof_algorithm'],
  ['no jwk', forge({ ...HEADER, jwk: undefined }), 'dpop_proof_key'],
  ['a kid in its place', forge({ ...HEADER, jwk: undefined, kid: 'p-256' }), 'dpop_proof_key'],
  ['a JWK Set in its place', forge({ ...HEADER, jwk: { keys: [ecJwk] } }), 'dpop_proof_key'],
  ['a jwk in text', forge({ ...HEADER, jwk: JSON.stringify(ecJwk) }), 'dpop_proof_key'],
  ['a private jwk', forge({ ...HEADER, jwk: KEY.privateKey.export({ format: 'jwk' }) }), 'dpop_proof_key'],
  ['a d that is null', forge({ ...HEADER, jwk: { ...ecJwk, d: null } }), 'dpop_proof_key'],
  ['a symmetric jwk', forge({ ...HEADER, jwk: { kty: 'oct', k: 'AAAA' } }), 'dpop_proof_key'],
  ['a jwk for another alg', forge({ ...HEADER, jwk: { ...ecJwk, alg: 'ES384' } }), 'dpop_proof_key'],
  ['a jwk for encryption', forge({ ...HEADER, jwk: { ...ecJwk, use: 'enc' } }), 'dpop_proof_key'],
  ['a jwk of another curve', forge({ ...HEADER, jwk: { ...ecJwk, crv: 'P-521' } }), 'dpop_proof_key'],
  ['jku beside it', forge({ ...HEADER, jku: 'https://evil.example/jwks' }), 'dpop_proof_key'],
  ['x5u beside it', forge({ ...HEADER, x5u: 'https://evil.example/x5u' }), 'dpop_proof_key'],
  ['x5c beside it', forge({ ...HEADER, x5c: [base64url('certificate')] }), 'dpop_proof_key'],
  [
    'RSA of 1024 bits',
    forge(
      { ...HEADER, alg: 'RS256', jwk: shortRsa.publicKey.export({ format: 'jwk' }) },
      shortRsa.privateKey,
    ),
    'dpop_proof_key',
  ],
  ['RSA with e = 1', forge({ ...HEADER, alg: 'RS256', jwk: { ...rsaJwk, e: 'AQ' } }), 'dpop_proof_key'],
  [
    'a modulus with a zero byte before it, and so another thumbprint',
    forge({ ...HEADER, alg: 'RS256', jwk: { ...rsaJwk, n: padded } }, rsa.privateKey),
    'dpop_proof_key',
  ],
  [
    'a point that is not on the curve',
    forge({ ...HEADER, jwk: { ...ecJwk, y: ecJwk.x } }),
    'dpop_proof_signature',
  ],
  ['the jwk of somebody else', forge({ ...HEADER, jwk: bareJwk(OTHER_KEY) }), 'dpop_proof_signature'],
  ['another key', forge(HEADER, OTHER_KEY.privateKey), 'dpop_proof_signature'],
])('refused is: %s', (_name, text, reason) => {
  expect(outcomeOf(text)).toBe(reason)
})

test('refused is: HMAC with what is public, whatever the header says', () => {
  for (const alg of ['HS256', 'RS256', 'ES256']) {
    const input = `${base64url(JSON.stringify({ ...HEADER, alg }))}.${base64url(JSON.stringify(CLAIMS))}`
    const pem = ec.publicKey.export({ format: 'pem', type: 'spki' })
    const signature = createHmac('sha256', pem).update(input).digest('base64url')
    expect(outcomeOf(`${input}.${signature}`)).not.toBe('ok')
  }
})

test('refused is: a signature of zeros, of ones, in DER', () => {
  const [header, claims] = forge(HEADER).split('.')
  const der = signBytes('sha256', Buffer.from(`${header}.${claims}`), KEY.privateKey)
  const ones = Uint8Array.from({ length: 64 }, (_, index) => (index % 32 === 31 ? 1 : 0))
  for (const signature of [new Uint8Array(64), ones, der]) {
    expect(outcomeOf(`${header}.${claims}.${base64url(signature)}`)).toBe('dpop_proof_signature')
  }
})

test('refused is: every forgery of an access token', () => {
  const { tokens } = createForgeries(CLAIMS)
  for (const [name, text] of Object.entries(tokens)) {
    expect([name, outcomeOf(text)]).toEqual([name, expect.stringMatching(/^dpop_proof_/)])
  }
})

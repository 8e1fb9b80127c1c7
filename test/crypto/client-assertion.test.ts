import { constants, generateKeyPairSync, sign as signBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import {
  findAssertionKey,
  isSignedBy,
  readClientAssertion,
  requireUsableKey,
} from '../../src/crypto/client-assertion.ts'
import { type ClientJwk, type ClientJwks, clientJwksProblems } from '../../src/protocol/client-jwks.ts'
import { assertionClaims, CLIENT_KEYS, KEY, OTHER_KEY, sign } from './assertions.ts'
import { base64url, createForgeries, ec, ed, HEADER, rsa } from './forgeries.ts'

/** Whether a client with the keys has signed it. */
function accepts(text: string, jwks: ClientJwks): boolean {
  const assertion = readClientAssertion(text)
  const key = assertion && findAssertionKey(assertion, jwks)
  return assertion !== null && key !== null && isSignedBy(assertion, key)
}

const CLAIMS = assertionClaims('shop', 'https://main.example/', 1_767_225_600)
const setOf = (...keys: readonly ClientJwk[]): ClientJwks => ({ keys })
const { kid: _, ...UNNAMED } = KEY.jwk

describe.each(CLIENT_KEYS)('$algorithm', (key) => {
  const { algorithm, jwk } = key

  test('is verified as jose signs it', async () => {
    const text = await sign(CLAIMS, key)
    expect(accepts(text, setOf(jwk))).toBe(true)
    expect(accepts(text, setOf({ ...jwk, alg: algorithm }))).toBe(true)
    expect(readClientAssertion(text)?.claims).toEqual(CLAIMS)
  })

  test('is not, once a character of it is another', async () => {
    const [header = '', claims = '', signature = ''] = (await sign(CLAIMS, key)).split('.')
    const other = base64url(JSON.stringify({ ...CLAIMS, sub: 'till' }))
    const turned = (signature.startsWith('A') ? 'B' : 'A') + signature.slice(1)
    expect(accepts(`${header}.${other}.${signature}`, setOf(jwk))).toBe(false)
    expect(accepts(`${header}.${claims}.${turned}`, setOf(jwk))).toBe(false)
    expect(accepts(`${header}.${claims}.${base64url(new Uint8Array(64))}`, setOf(jwk))).toBe(false)
  })

  test('T072 its key is for no other algorithm', async () => {
    for (const other of CLIENT_KEYS.filter((candidate) => candidate.jwk.kid !== jwk.kid)) {
      const text = await sign(CLAIMS, other, { kid: jwk.kid })
      expect(accepts(text, setOf(jwk))).toBe(false)
      expect(accepts(text, setOf({ ...other.jwk, kid: jwk.kid }))).toBe(true)
    }
  })
})

test('T072 an RSA key with an alg is for that one only', async () => {
  const [rs256, ps256] = CLIENT_KEYS as [(typeof CLIENT_KEYS)[number], (typeof CLIENT_KEYS)[number]]
  expect(accepts(await sign(CLAIMS, rs256), setOf({ ...rs256.jwk, alg: 'PS256' }))).toBe(false)
  expect(accepts(await sign(CLAIMS, ps256), setOf({ ...ps256.jwk, alg: 'RS256' }))).toBe(false)
})

test.each([0, 20, 222])('PS256 with a salt of %i bytes is none (RFC 7518 §3.5)', async (saltLength) => {
  const [, ps256 = KEY] = CLIENT_KEYS
  const input = (await sign(CLAIMS, ps256)).split('.').slice(0, 2).join('.')
  const pss = { key: ps256.privateKey, padding: constants.RSA_PKCS1_PSS_PADDING }
  const signedWith = (salt: number) =>
    `${input}.${base64url(signBytes('sha256', Buffer.from(input), { ...pss, saltLength: salt }))}`
  expect(accepts(signedWith(saltLength), setOf(ps256.jwk))).toBe(false)
  expect(accepts(signedWith(32), setOf(ps256.jwk))).toBe(true)
})

describe('T072 forgeries', () => {
  const { genuine, forge, tokens } = createForgeries(CLAIMS)
  const jwks = setOf(
    ...[rsa, ec, ed].map(({ publicKey }, index) => ({
      ...(publicKey.export({ format: 'jwk' }) as ClientJwk),
      kid: ['rsa', 'ec', 'ed'][index] as string,
    })),
  )
  // An assertion needs no type.
  const { 'typ missing': untyped = '', 'typ in lower case': lower = '', ...refused } = tokens

  test('what they are made from is accepted, of any type an assertion can have', () => {
    for (const text of [genuine, untyped, lower]) expect(accepts(text, jwks)).toBe(true)
    expect(accepts(forge({ ...HEADER, typ: 'client-authentication+jwt' }), jwks)).toBe(true)
  })

  test.each(Object.keys(refused))('%s', (name) => {
    expect(accepts(refused[name] ?? '', jwks)).toBe(false)
  })

  test.each(['dpop+jwt', 'at+jwt', 'JWE', ''])('a JWT of the type "%s"', (typ) => {
    expect(accepts(forge({ ...HEADER, typ }), jwks)).toBe(false)
  })

  test.each([
    ['a claim', HEADER, `{"sub":"till",${JSON.stringify(CLAIMS).slice(1)}`],
    ['a claim, once in escapes', HEADER, `{"\\u0073ub":"till",${JSON.stringify(CLAIMS).slice(1)}`],
    ['a member of the header', `{"alg":"none",${JSON.stringify(HEADER).slice(1)}`, JSON.stringify(CLAIMS)],
  ])('%s that is there twice', (_name, header, claims) => {
    const text = typeof header === 'string' ? header : JSON.stringify(header)
    expect(accepts(forge(base64url(text), base64url(claims)), jwks)).toBe(false)
  })

  test('members of the same name inside of claims are none of ours', () => {
    const claims = { ...CLAIMS, a: { sub: 1 }, b: { sub: 2 } }
    expect(accepts(forge(HEADER, claims), jwks)).toBe(true)
  })
})

describe('the key', () => {
  test('of the kid is chosen, and no other', async () => {
    const text = await sign(CLAIMS)
    expect(accepts(text, setOf(OTHER_KEY.jwk, KEY.jwk))).toBe(true)
    expect(accepts(text, setOf(OTHER_KEY.jwk))).toBe(false)
    expect(accepts(await sign(CLAIMS, KEY, { kid: 'other' }), setOf(OTHER_KEY.jwk, KEY.jwk))).toBe(false)
    expect(accepts(text, setOf(UNNAMED))).toBe(false)
  })

  test('needs no kid if there is one only', async () => {
    const text = await sign(CLAIMS, KEY, { kid: undefined })
    expect(accepts(text, setOf(KEY.jwk))).toBe(true)
    expect(accepts(text, setOf(UNNAMED))).toBe(true)
    expect(accepts(text, setOf(KEY.jwk, OTHER_KEY.jwk))).toBe(false)
  })

  test('whose point is not on its curve is none', () => {
    const { jwk } = KEY
    const astray = { ...jwk, x: jwk.y as string }
    expect(clientJwksProblems(setOf(astray))).toEqual([])
    expect(() => requireUsableKey(astray)).toThrow()
    expect(() => requireUsableKey(jwk)).not.toThrow()
  })

  test('that is short would be one, and is refused before', () => {
    const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 1024 })
    const short = publicKey.export({ format: 'jwk' }) as ClientJwk
    expect(() => requireUsableKey(short)).not.toThrow()
    expect(clientJwksProblems(setOf(short))).toHaveLength(1)
  })
})

/** T072: `private_key_jwt` on the surfaces standard and realm, at every endpoint that authenticates clients. */
import { beforeEach, describe, expect, test } from 'vitest'
import { assertionClaims, assertionForm, CLIENT_KEYS, KEY, OTHER_KEY, sign } from '../crypto/assertions.ts'
import { createForgeries, ec, rsa } from '../crypto/forgeries.ts'
import type { Harness } from '../harness.ts'
import { type AssertionServer, CLIENT_CREDENTIALS, ISSUER, startAssertionServer } from './assertion-server.ts'

const REALM = 'https://main.example/auth/realms/main'
const CONNECT = `${REALM}/protocol/openid-connect`

/** The issuer and the endpoints of each surface that takes assertions, with the beginning of a good request. */
const SURFACES = {
  standard: { issuer: ISSUER, base: 'https://main.example/oauth', introspect: 'introspect' },
  realm: { issuer: REALM, base: CONNECT, introspect: 'token/introspect' },
}

let server: AssertionServer
let harness: Harness
beforeEach(async () => {
  server = await startAssertionServer()
  harness = server.harness
})

const post: AssertionServer['post'] = (...request) => server.post(...request)
const ask: AssertionServer['ask'] = (...request) => server.ask(...request)
const claimsOf = (audience = ISSUER) => server.claimsOf(audience)
const lastReason = () => harness.entries.at(-1)?.reason

describe.each(Object.entries(SURFACES))('%s', (surface, { issuer, base, introspect }) => {
  const [token, revocation, introspection] = [`${base}/token`, `${base}/revoke`, `${base}/${introspect}`]
  const signed = (audience = issuer) => sign(claimsOf(audience))

  test('a client with a key has a token, asks about it, and revokes it', async () => {
    const granted = await post(token, { ...CLIENT_CREDENTIALS, ...assertionForm(await signed()) })
    expect([granted.status, granted.body]).toEqual([200, expect.any(String)])
    expect(harness.entries.at(-1)).toMatchObject({ surface, client: 'shop', outcome: 'ok' })
    const { access_token } = granted.json()
    const about = async () =>
      (await post(introspection, { token: access_token, ...assertionForm(await signed()) })).json()
    expect(await about()).toMatchObject({ active: true, client_id: 'shop', scope: 'read' })
    const revoked = await post(revocation, { token: access_token, ...assertionForm(await signed()) })
    expect(revoked.status).toBe(200)
    expect(await about()).toEqual({ active: false })
  })

  test('T072 the audience is the issuer, the token endpoint or the endpoint that was called', async () => {
    const endpoints = { token, revocation, introspection }
    for (const [called, url] of Object.entries(endpoints)) {
      const form = called === 'token' ? CLIENT_CREDENTIALS : { token: 'x' }
      const statusFor = async (aud: unknown) =>
        (await post(url, { ...form, ...assertionForm(await sign({ ...claimsOf(), aud })) })).status
      for (const aud of [issuer, token, url, [issuer], [issuer, token], [url]]) {
        expect(await statusFor(aud)).toBe(200)
      }
      const others = Object.values(endpoints).filter((other) => other !== url && other !== token)
      const { issuer: elsewhere, base: there } = SURFACES[surface === 'realm' ? 'standard' : 'realm']
      const wrong = [
        ...[elsewhere, `${there}/token`, 'https://evil.example/', 'shop', 'https://main.example'],
        ...[`${issuer}/`, `${token}/`, `${token}?a=b`, token.toUpperCase(), token.replace('https', 'http')],
        // What another server was given as well is none for here.
        ...[[issuer, 'https://evil.example/token'], ['https://evil.example/', token], [issuer, 1], []],
        ...[undefined, null, 1, { 0: issuer }, [[issuer]], ''],
      ]
      for (const aud of [...others, ...wrong]) {
        expect([aud, await statusFor(aud)]).toEqual([aud, 401])
        expect(lastReason()).toBe('assertion_audience')
      }
    }
  })

  test('T072 an assertion is good once, at whatever endpoint', async () => {
    const assertion = await signed()
    const form = assertionForm(assertion)
    expect((await post(token, { ...CLIENT_CREDENTIALS, ...form })).status).toBe(200)
    for (const [url, more] of [
      [token, CLIENT_CREDENTIALS],
      [revocation, { token: 'x' }],
      [introspection, { token: 'x' }],
    ] as const) {
      expect((await post(url, { ...more, ...form })).status).toBe(401)
      expect(lastReason()).toBe('assertion_replayed')
    }
    // Another signature of the same is no other assertion.
    const again = await sign({
      ...claimsOf(issuer),
      jti: JSON.parse(atob(assertion.split('.')[1] ?? '')).jti,
    })
    expect((await post(token, { ...CLIENT_CREDENTIALS, ...assertionForm(again) })).status).toBe(401)
    expect(lastReason()).toBe('assertion_replayed')
  })

  test('the metadata says so', async () => {
    const path = `${issuer.replace('https://main.example', '').replace(/\/$/, '')}/.well-known/openid-configuration`
    const metadata = (await harness.send({ method: 'GET', path })).json()
    for (const endpoint of ['token', 'revocation', 'introspection']) {
      expect(metadata[`${endpoint}_endpoint_auth_methods_supported`]).toContain('private_key_jwt')
      expect(metadata[`${endpoint}_endpoint_auth_signing_alg_values_supported`]).toEqual(
        CLIENT_KEYS.map(({ algorithm }) => algorithm),
      )
    }
  })
})

describe('T072 refused is', () => {
  type Change = (now: number) => Readonly<Record<string, unknown>>

  test.each<[string, string, Change]>([
    ['no issuer', 'assertion_issuer', () => ({ iss: undefined })],
    ['another issuer', 'assertion_issuer', () => ({ iss: 'till' })],
    ['no subject', 'assertion_issuer', () => ({ sub: undefined })],
    ['a list for issuer and subject', 'assertion_issuer', () => ({ iss: ['shop'], sub: ['shop'] })],
    ['a NUL in the subject', 'assertion_issuer', () => ({ iss: 'a\0', sub: 'a\0' })],
    ['half a character in the subject', 'assertion_issuer', () => ({ iss: '\ud800', sub: '\ud800' })],
    ['a client that is unknown', 'unknown_client', () => ({ iss: 'nobody', sub: 'nobody' })],
    ['a client without keys', 'client_without_keys', () => ({ iss: 'stranger', sub: 'stranger' })],
    ['another client, by the key of this one', 'assertion_key', () => ({ iss: 'till', sub: 'till' })],
    ['no exp', 'assertion_without_times', () => ({ exp: undefined })],
    ['an exp in text', 'assertion_without_times', (now) => ({ exp: `${now + 60}` })],
    ['an exp of null', 'assertion_without_times', () => ({ exp: null })],
    ['an exp that has passed', 'assertion_expired', (now) => ({ exp: now - 10 })],
    ['an exp in milliseconds', 'assertion_lives_too_long', (now) => ({ exp: (now + 60) * 1000 })],
    ['V-09 an exp more than 5 minutes ahead', 'assertion_lives_too_long', (now) => ({ exp: now + 311 })],
    ['an iat in the future', 'assertion_from_the_future', (now) => ({ iat: now + 11 })],
    ['an nbf in the future', 'assertion_from_the_future', (now) => ({ nbf: now + 11 })],
    ['an iat in text', 'assertion_without_times', () => ({ iat: 'now' })],
    ['an nbf of null', 'assertion_without_times', () => ({ nbf: null })],
    ['no jti', 'assertion_without_id', () => ({ jti: undefined })],
    ['an empty jti', 'assertion_without_id', () => ({ jti: '' })],
    ['a number for a jti', 'assertion_without_id', () => ({ jti: 1 })],
    ['a jti of 256 characters', 'assertion_without_id', () => ({ jti: 'j'.repeat(256) })],
  ])('%s', async (_name, reason, change) => {
    const response = await ask(await sign({ ...claimsOf(), ...change(harness.now()) }))
    expect([response.status, response.json().error]).toEqual([401, 'invalid_client'])
    expect(lastReason()).toBe(reason)
  })

  test('what is refused, always in the same words', async () => {
    const bodies = new Set<string>()
    const good = await sign(claimsOf())
    expect((await ask(good)).status).toBe(200)
    for (const text of [
      good,
      await sign({ ...claimsOf(), iss: 'nobody', sub: 'nobody' }),
      await sign(claimsOf(), OTHER_KEY),
      await sign(claimsOf(), OTHER_KEY, { kid: KEY.jwk.kid }),
      'nonsense',
    ]) {
      const { status, body, headers } = await ask(text)
      bodies.add(JSON.stringify([status, body, { ...headers, 'X-Request-Id': null }]))
    }
    expect([...bodies]).toHaveLength(1)
  })

  test.each([
    ['another key under this kid', OTHER_KEY, { kid: KEY.jwk.kid }, 'assertion_signature'],
    ['another kid', KEY, { kid: 'rsa' }, 'assertion_key'],
    ['an unknown kid', KEY, { kid: 'none' }, 'assertion_key'],
    ['no kid, where there are two keys', KEY, { kid: undefined }, 'assertion_key'],
    ['another type', KEY, { typ: 'dpop+jwt' }, 'malformed_assertion'],
  ])('%s', async (_name, key, header, reason) => {
    expect((await ask(await sign(claimsOf(), key, header))).status).toBe(401)
    expect(lastReason()).toBe(reason)
  })

  test('alg none, HS256 by what is public, and every other forgery', async () => {
    const keys = { rsa, ec }
    const jwks = {
      keys: Object.entries(keys).map(([kid, { publicKey }]) => ({
        ...publicKey.export({ format: 'jwk' }),
        kid,
      })),
    }
    await harness.client({ tenant: 'main', id: 'forged', secrets: [], jwks: jwks as never })
    const claims = assertionClaims('forged', ISSUER, harness.now())
    const { tokens } = createForgeries(claims)
    const { 'typ missing': untyped = '', 'typ in lower case': _lower, ...refused } = tokens
    // What a body can hold; an empty parameter is none.
    const sendable = Object.entries(refused).filter(
      ([, text]) => text !== '' && text.length < 60_000 && !text.includes('\0'),
    )
    expect(sendable.length).toBeGreaterThan(70)
    for (const [name, text] of sendable) expect([name, (await ask(text)).status]).toEqual([name, 401])
    // None of them has used it up.
    expect((await ask(untyped)).status).toBe(200)
  })

  test('T072 one of more than 4096 characters, though it is signed', async () => {
    const padded = async (length: number) => ask(await sign({ ...claimsOf(), pad: 'x'.repeat(length) }))
    expect((await padded(2500)).status).toBe(200)
    expect((await padded(3500)).status).toBe(401)
    expect(lastReason()).toBe('assertion_too_long')
  })
})

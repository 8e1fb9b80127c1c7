/** DPoP (RFC 9449) at the token endpoints of standard and realm: what is bound, and what is refused. */
import { beforeEach, describe, expect, test } from 'vitest'
import { CLIENT_KEYS, KEY } from '../crypto/assertions.ts'
import { signProof } from '../crypto/proofs.ts'
import {
  CLIENT_CREDENTIALS,
  CLIENTS,
  claimsOf,
  DPOP_SURFACES,
  type DpopServer,
  startDpopServer,
  thumbprintOf,
} from './dpop-server.ts'

let server: DpopServer
beforeEach(async () => {
  server = await startDpopServer()
})

const ASK = { ...CLIENT_CREDENTIALS, ...CLIENTS.jwt }
const BOUND = { ...CLIENT_CREDENTIALS, client_id: 'bound', client_secret: CLIENTS.jwt.client_secret }

describe.each(DPOP_SURFACES)('$surface', ({ surface, token, introspection, issuer }) => {
  test.each(CLIENT_KEYS)('a JWT is bound to the key of its proof, by $algorithm', async (key) => {
    const jkt = await thumbprintOf(key)
    const answer = await server.post(token, ASK, await server.proof(token, {}, key))
    expect([answer.status, answer.json()]).toMatchObject([200, { token_type: 'DPoP', expires_in: 3600 }])
    expect(server.harness.entries.at(-1)).toMatchObject({ surface, outcome: 'ok', note: 'dpop' })
    const { access_token } = answer.json()
    expect(claimsOf(access_token).cnf).toEqual({ jkt })
    expect(await server.about(access_token)).toMatchObject({
      active: true,
      token_type: 'DPoP',
      cnf: { jkt },
    })
  })

  test('so is an opaque token, and its own surface says so', async () => {
    const form = { ...CLIENT_CREDENTIALS, ...CLIENTS.opaque }
    const answer = (await server.post(token, form, await server.proof(token))).json()
    expect(answer).toMatchObject({ token_type: 'DPoP', access_token: expect.not.stringContaining('.') })
    const about = await server.post(introspection, { token: answer.access_token, ...CLIENTS.opaque })
    expect(about.json()).toMatchObject({
      token_type: 'DPoP',
      cnf: { jkt: await thumbprintOf(KEY) },
      iss: issuer,
    })
  })

  test('without a proof it is a bearer token, of which nothing is said', async () => {
    for (const client of [CLIENTS.jwt, CLIENTS.opaque]) {
      const answer = (await server.post(token, { ...CLIENT_CREDENTIALS, ...client })).json()
      expect(answer.token_type).toBe('Bearer')
      const about = await server.about(answer.access_token)
      expect([about.active, about.token_type, 'cnf' in about]).toEqual([true, 'Bearer', false])
      if (client === CLIENTS.jwt) expect(claimsOf(answer.access_token)).not.toHaveProperty('cnf')
    }
  })

  test('a proof is good once', async () => {
    const proof = await server.proof(token)
    expect((await server.post(token, ASK, proof)).status).toBe(200)
    const again = await server.post(token, ASK, proof)
    expect([again.status, again.json().error]).toEqual([400, 'invalid_dpop_proof'])
    expect(server.lastReason()).toBe('dpop_proof_replayed')
    // Nor by another client, nor is another signature of the same another proof.
    const jti = claimsOf(proof).jti
    const opaque = { ...CLIENT_CREDENTIALS, ...CLIENTS.opaque }
    for (const text of [proof, await server.proof(token, { jti })]) {
      expect((await server.post(token, opaque, text)).status).toBe(400)
      expect(server.lastReason()).toBe('dpop_proof_replayed')
    }
    // Of another key it is.
    const [other = KEY] = CLIENT_KEYS
    expect((await server.post(token, ASK, await server.proof(token, { jti }, other))).status).toBe(200)
  })

  test('a client that gets no other tokens needs a proof', async () => {
    const refused = await server.post(token, BOUND)
    expect([refused.status, refused.json().error]).toEqual([400, 'invalid_dpop_proof'])
    expect(server.lastReason()).toBe('dpop_proof_missing')
    expect((await server.post(token, BOUND, await server.proof(token))).json().token_type).toBe('DPoP')
  })

  test('the metadata says which algorithms there are', async () => {
    const path = `${new URL(issuer).pathname.replace(/\/$/, '')}/.well-known/openid-configuration`
    const metadata = (await server.harness.send({ method: 'GET', path })).json()
    expect(metadata.token_endpoint).toBe(`https://main.example${token}`)
    expect(metadata.dpop_signing_alg_values_supported).toEqual(CLIENT_KEYS.map(({ algorithm }) => algorithm))
  })
})

test('of 50 requests at once with one proof one is answered', async () => {
  const proof = await server.proof('/oauth/token')
  const answers = await Promise.all(Array.from({ length: 50 }, () => server.post('/oauth/token', ASK, proof)))
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
})

describe('refused is', () => {
  type Change = (now: number) => Readonly<Record<string, unknown>>

  test.each<[string, string, Change]>([
    ['no htm', 'dpop_proof_method', () => ({ htm: undefined })],
    ['htm GET', 'dpop_proof_method', () => ({ htm: 'GET' })],
    ['htm in lower case', 'dpop_proof_method', () => ({ htm: 'post' })],
    ['no htu', 'dpop_proof_url', () => ({ htu: undefined })],
    ['an htu in a list', 'dpop_proof_url', () => ({ htu: ['https://main.example/oauth/token'] })],
    ['no iat', 'dpop_proof_without_time', () => ({ iat: undefined })],
    ['an iat in text', 'dpop_proof_without_time', (now) => ({ iat: `${now}` })],
    ['an iat of null', 'dpop_proof_without_time', () => ({ iat: null })],
    ['an iat of 61 seconds ago', 'dpop_proof_expired', (now) => ({ iat: now - 61 })],
    ['an iat of 61 seconds ahead', 'dpop_proof_from_the_future', (now) => ({ iat: now + 61 })],
    ['an iat in milliseconds', 'dpop_proof_from_the_future', (now) => ({ iat: now * 1000 })],
    ['an exp that has passed', 'dpop_proof_expired', (now) => ({ exp: now })],
    ['an exp in text', 'dpop_proof_without_time', () => ({ exp: 'never' })],
    ['an nbf in the future', 'dpop_proof_from_the_future', (now) => ({ nbf: now + 61 })],
    ['no jti', 'dpop_proof_without_id', () => ({ jti: undefined })],
    ['an empty jti', 'dpop_proof_without_id', () => ({ jti: '' })],
    ['a number for a jti', 'dpop_proof_without_id', () => ({ jti: 1 })],
    ['a jti of 256 characters', 'dpop_proof_without_id', () => ({ jti: 'j'.repeat(256) })],
    ['more than 4096 characters', 'dpop_proof_too_long', () => ({ pad: 'x'.repeat(3500) })],
  ])('%s', async (_name, reason, change) => {
    const proof = await server.proof('/oauth/token', change(server.harness.now()))
    const answer = await server.post('/oauth/token', ASK, proof)
    expect([answer.status, answer.json().error]).toEqual([400, 'invalid_dpop_proof'])
    expect(server.lastReason()).toBe(reason)
  })

  test('an empty header, two, and one of another form', async () => {
    const [one, two] = [await server.proof('/oauth/token'), await server.proof('/oauth/token')]
    for (const [text, reason] of [
      ['', 'dpop_proof_malformed'],
      [`${one}, ${two}`, 'dpop_proof_repeated'],
      [`DPoP ${one}`, 'dpop_proof_malformed'],
      [await signProof({}, KEY, { typ: 'JWT' }), 'dpop_proof_type'],
    ] as const) {
      expect((await server.post('/oauth/token', ASK, text)).json().error).toBe('invalid_dpop_proof')
      expect(server.lastReason()).toBe(reason)
    }
    // Neither was used up.
    for (const text of [one, two]) expect((await server.post('/oauth/token', ASK, text)).status).toBe(200)
  })

  test('all of it in the same words', async () => {
    const bodies = new Set<string>()
    for (const text of [
      'nonsense',
      await server.proof('/oauth/token', { htm: 'GET' }),
      await server.proof('/oauth/token', { iat: 0 }),
      await signProof({}, KEY, { alg: 'ES256', typ: 'JWT' }),
    ]) {
      const { status, body, headers } = await server.post('/oauth/token', ASK, text)
      bodies.add(JSON.stringify([status, body, { ...headers, 'X-Request-Id': null }]))
    }
    expect(bodies.size).toBe(1)
  })
})

test.each<[string, number, number]>([
  ['old', -60, 200],
  ['ahead', 60, 200],
  ['old and half', -60.5, 400],
])('the clock of the client may be a minute off: %s', async (_name, off, status) => {
  const proof = await server.proof('/oauth/token', { iat: server.harness.now() + off })
  expect((await server.post('/oauth/token', ASK, proof)).status).toBe(status)
})

test('a proof that can not be remembered is not taken', async () => {
  server.harness.store.spendAssertion = () => Promise.reject(new Error('disk full'))
  expect((await server.post('/oauth/token', ASK, await server.proof('/oauth/token'))).status).toBe(500)
})

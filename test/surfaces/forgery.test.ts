/** T080, T087: forged JWTs, made from one that is live, at every endpoint that takes a token. */
import { Socket } from 'node:net'
import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import type { SigningKeyRow } from '../../src/store/rows.ts'
import { createForgeries, ec, ed, rsa } from '../crypto/forgeries.ts'
import type { Harness } from '../harness.ts'
import { credentials, FACES, isActive, refresh, startFaces } from './faces.ts'

let harness: Harness

/** Keys that were imported to verify with. */
const KEYS = { rsa: ['RS256', rsa], ec: ['ES256', ec], ed: ['EdDSA', ed] } as const

beforeEach(async () => {
  harness = await startFaces()
  const rows = Object.entries(KEYS).map(([kid, [algorithm, { publicKey }]]): SigningKeyRow => {
    const publicJwk = JSON.stringify({
      ...publicKey.export({ format: 'jwk' }),
      kid,
      use: 'sig',
      alg: algorithm,
    })
    const times = { createdAt: harness.now(), retiredAt: harness.now(), goneAt: harness.now() + 86_400 }
    return {
      ...{ tenant: 'main', kid, algorithm, publicJwk },
      ...times,
      state: 'retired',
      sealedPrivateKey: null,
    }
  })
  await harness.store.createSigningKeys(rows)
})

/** As the standard surface would issue it to the client `jwt`. */
const CLAIMS = {
  iss: 'https://main.example/',
  sub: 'jwt',
  aud: 'https://main.example/',
  client_id: 'jwt',
  iat: 1_767_225_600,
  exp: 1_767_229_200,
  jti: 'a-jti-of-its-own',
  scope: 'read',
}

const { genuine, forge, tokens } = createForgeries(CLAIMS)
const HEADER = { typ: 'at+jwt', alg: 'RS256', kid: 'rsa' }

/** Rightly signed, and yet none of the tenant's tokens. */
const OTHER = { ...CLAIMS, jti: 'another' }
const SIGNED = {
  'another issuer': forge(HEADER, { ...OTHER, iss: 'https://evil.example/' }),
  'an issuer without its slash': forge(HEADER, { ...OTHER, iss: 'https://main.example' }),
  'a list of issuers': forge(HEADER, { ...OTHER, iss: ['https://main.example/'] }),
  'no subject': forge(HEADER, { ...OTHER, sub: undefined }),
  'an unknown user': forge(HEADER, { ...OTHER, sub: 'nobody' }),
  'an unknown client': forge(HEADER, { ...OTHER, sub: 'nobody', client_id: 'nobody' }),
  'a client in a list': forge(HEADER, { ...OTHER, client_id: ['jwt'] }),
  'no expiry': forge(HEADER, { ...OTHER, exp: undefined }),
  'an expiry as text': forge(HEADER, { ...OTHER, exp: '4000000000' }),
  expired: forge(HEADER, { ...OTHER, exp: 1_767_225_600 }),
  'no time of issue': forge(HEADER, { ...OTHER, iat: undefined }),
  'a jti that names no row': forge(HEADER, { ...OTHER, jti: `${'A'.repeat(9)}.${'x'.repeat(22)}` }),
}

test('T080 the token that the forgeries are made from is live', async () => {
  expect(await isActive(harness, genuine)).toBe(true)
  expect(await isActive(harness, forge(HEADER, CLAIMS))).toBe(true)
})

const PATHS = [...new Set(FACES.flatMap(({ introspectPath }) => introspectPath ?? []))]

describe.each(PATHS)('%s', (path) => {
  test('T080 T087 every forgery is inactive, and nobody is asked about it', async () => {
    const fetched = vi.spyOn(globalThis, 'fetch')
    const connected = vi.spyOn(Socket.prototype, 'connect')
    onTestFinished(() => void vi.restoreAllMocks())
    for (const [name, token] of [...Object.entries(tokens), ...Object.entries(SIGNED)]) {
      // What is empty or too large is not read.
      if (token === '' || token.length > 60_000 || token.includes('\0')) continue
      const response = await harness.post(path, { token, ...credentials('api') })
      expect([name, response.status, response.body]).toEqual([name, 200, '{"active":false}'])
    }
    expect([fetched.mock.calls, connected.mock.calls]).toEqual([[], []])
  })
})

test.each(FACES)('T080 no forgery refreshes or ends anything at $name', async (face) => {
  for (const [name, token] of Object.entries({ ...tokens, ...SIGNED })) {
    const response = await refresh(face, harness, token)
    expect([name, response.status]).toEqual([
      name,
      expect.toSatisfy((status) => status >= 400 && status < 500),
    ])
    if (face.revokePath === null) continue
    const revoked = await harness.post(face.revokePath, { token, ...credentials(face.client) })
    expect([name, revoked.status]).toEqual([name, expect.toSatisfy((status) => status < 500)])
  }
  expect(await isActive(harness, genuine)).toBe(true)
})

test('T080 no forgery is a bearer', async () => {
  for (const [name, token] of Object.entries({ ...tokens, ...SIGNED, genuine })) {
    if (/[\0\n]/.test(token)) continue
    const headers = { authorization: `Bearer ${token}` }
    const info = await harness.send({ method: 'GET', path: '/spree_oauth/token/info', headers })
    expect([name, info.status]).toEqual([name, 401])
  }
})

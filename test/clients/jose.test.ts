/** jose, as a resource server uses it: a remote JWK Set, fetched once and again when a key is not known. */
import { createRemoteJWKSet, customFetch, decodeProtectedHeader, type JWTPayload, jwtVerify } from 'jose'
import { afterEach, describe, expect, test } from 'vitest'
import type { MintkeeperConfig } from '../../src/index.ts'
import { type RunningServer, startServer } from './server.ts'
import { DOCUMENT_CLIENT, NEWSTORE_USER } from './tenant.ts'

type SigningAlgorithm = NonNullable<MintkeeperConfig['tenants'][number]['signingAlgorithm']>

let server: RunningServer
/** How far the server's clock is ahead of the verifiers'. */
let aheadMs = 0
afterEach(async () => {
  aheadMs = 0
  await server.close()
})

async function start(algorithm: SigningAlgorithm): Promise<void> {
  server = await startServer({ signingAlgorithm: algorithm }, { clock: () => Date.now() + aheadMs })
}

/** After the time that verifiers may keep a JWK Set. */
async function rotate(algorithm: SigningAlgorithm): Promise<void> {
  aheadMs += 600_000
  const outcome = await server.mintkeeper.services.keys.rotate('dodici', algorithm)
  expect(outcome.kind).toBe('rotated')
}

interface ResourceServer {
  verify(token: string): Promise<JWTPayload>
  /** How often the JWK Set was fetched. */
  fetches(): number
}

function createResourceServer(issuer: string, audience: string, typ: string): ResourceServer {
  let fetches = 0
  const keys = createRemoteJWKSet(new URL('/.well-known/jwks.json', issuer), {
    [customFetch]: (...request) => {
      fetches++
      return fetch(...request)
    },
  })
  return {
    verify: async (token) => (await jwtVerify(token, keys, { issuer, audience, typ })).payload,
    fetches: () => fetches,
  }
}

async function post(path: string, form: Readonly<Record<string, string>>): Promise<{ access_token: string }> {
  const response = await fetch(server.origin + path, { method: 'POST', body: new URLSearchParams(form) })
  expect(response.status).toBe(200)
  return (await response.json()) as { access_token: string }
}

async function clientToken(): Promise<string> {
  const form = {
    grant_type: 'client_credentials',
    client_id: DOCUMENT_CLIENT.id,
    client_secret: DOCUMENT_CLIENT.secret,
  }
  return (await post('/oauth/token', form)).access_token
}

const ALGORITHMS: readonly SigningAlgorithm[] = ['RS256', 'ES256', 'EdDSA']

describe.each(ALGORITHMS)('%s', (algorithm) => {
  test('jwtVerify with a remote JWK Set', async () => {
    await start(algorithm)
    const resourceServer = createResourceServer(server.issuer, server.issuer, 'at+jwt')
    const token = await clientToken()
    expect(decodeProtectedHeader(token).alg).toBe(algorithm)
    expect(await resourceServer.verify(token)).toMatchObject({ sub: DOCUMENT_CLIENT.id, scope: 'admin' })
  })

  test('a rotation needs no second fetch: the next key was announced', async () => {
    await start(algorithm)
    const resourceServer = createResourceServer(server.issuer, server.issuer, 'at+jwt')
    const before = await clientToken()
    await resourceServer.verify(before)
    await rotate(algorithm)
    const after = await clientToken()
    expect(decodeProtectedHeader(after).kid).not.toBe(decodeProtectedHeader(before).kid)
    await resourceServer.verify(after)
    await resourceServer.verify(before)
    expect(resourceServer.fetches()).toBe(1)
  })

  test('tokens of the retired key verify with a JWK Set fetched after the rotation', async () => {
    await start(algorithm)
    const before = await clientToken()
    await rotate(algorithm)
    const resourceServer = createResourceServer(server.issuer, server.issuer, 'at+jwt')
    expect(await resourceServer.verify(before)).toMatchObject({ sub: DOCUMENT_CLIENT.id })
  })
})

test('the newstore token is RS256 and verifies, whatever the tenant signs with', async () => {
  server = await startServer({ signingAlgorithm: 'ES256' })
  const { access_token: token } = await post('/v0/token', { grant_type: 'password', ...NEWSTORE_USER })
  expect(decodeProtectedHeader(token)).toEqual({ typ: 'JWT', alg: 'RS256', kid: expect.any(String) })
  const claims = await createResourceServer(server.issuer, `${server.issuer}api/v2/`, 'JWT').verify(token)
  expect(claims).toMatchObject({
    'http://newstore/newstore_id': '3S40MqkNyMLbOLNGqF6Ryc',
    'http://newstore/roles': ['newstore_admin'],
    sub: 'auth0|596c8f95790837489f4c191c',
    gty: 'password',
  })
  expect((claims.exp ?? 0) - (claims.iat ?? 0)).toBe(86400)
})

test('a token of another server with the same claims does not verify', async () => {
  server = await startServer()
  const stranger = await startServer()
  try {
    const resourceServer = createResourceServer(server.issuer, server.issuer, 'at+jwt')
    const [header, , signature] = (await clientToken()).split('.')
    const mine = server
    server = stranger
    const [, payload] = (await clientToken()).split('.')
    server = mine
    await expect(resourceServer.verify([header, payload, signature].join('.'))).rejects.toMatchObject({
      code: 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED',
    })
  } finally {
    await stranger.close()
  }
})

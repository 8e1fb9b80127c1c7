import { createLocalJWKSet, decodeProtectedHeader, jwtVerify } from 'jose'
import { beforeAll, describe, expect, test } from 'vitest'
import { createStandard, type TestClient } from './standard-exchange.ts'

const {
  harness,
  client: newClient,
  user: newUser,
  login,
  refresh,
  token,
} = createStandard({
  plain: { passwordGrant: false },
  own: { audience: 'https://api.example/', scopes: ['read', 'write'] },
})

let client: TestClient

beforeAll(async () => {
  client = await newClient({ roles: ['robot'], claims: { team: 'blue' } })
})

const get = (path: string, tenant = 'main') =>
  harness.send({ method: 'GET', path, host: `${tenant}.example` })

async function verified(text: string, audience = 'https://main.example/', tenant = 'main') {
  const keys = createLocalJWKSet((await get('/.well-known/jwks.json', tenant)).json())
  const { payload, protectedHeader } = await jwtVerify(text, keys, {
    typ: 'at+jwt',
    issuer: `https://${tenant}.example/`,
    audience,
    algorithms: ['ES256'],
    requiredClaims: ['sub', 'client_id', 'iat', 'exp', 'jti'],
    currentDate: new Date(harness.now() * 1000),
  })
  return { payload, protectedHeader }
}

describe('T081 RFC 9068: the JWT', () => {
  test('of a client', async () => {
    const { access_token } = (await token(client, { grant_type: 'client_credentials' })).json()
    const { payload, protectedHeader } = await verified(access_token)
    expect(protectedHeader).toEqual({ typ: 'at+jwt', alg: 'ES256', kid: expect.any(String) })
    expect(payload).toEqual({
      iss: 'https://main.example/',
      sub: client.id,
      aud: 'https://main.example/',
      client_id: client.id,
      iat: harness.now(),
      exp: harness.now() + 3600,
      jti: expect.stringMatching(/^[A-Za-z0-9_-]{22}$/),
      scope: 'read write',
      roles: ['robot'],
      team: 'blue',
    })
  })

  test('of a user', async () => {
    const { id, username } = await newUser({
      roles: ['admin'],
      claims: { locale: 'de', iss: 'evil', sub: 'evil' },
    })
    const { payload } = await verified((await login(client, username)).access_token)
    expect(payload).toEqual({
      iss: 'https://main.example/',
      sub: id,
      aud: 'https://main.example/',
      client_id: client.id,
      iat: harness.now(),
      exp: harness.now() + 3600,
      jti: expect.any(String),
      scope: 'read write',
      roles: ['admin'],
      locale: 'de',
    })
  })

  test('of a refresh has the same claims but for its own', async () => {
    const { username } = await newUser({ roles: ['admin'] })
    const first = await login(client, username)
    harness.advance(100)
    const second = (await refresh(client, first.refresh_token)).json()
    const [before, after] = [await verified(first.access_token), await verified(second.access_token)]
    expect({ ...after.payload, iat: 0, exp: 0, jti: '' }).toEqual({
      ...before.payload,
      iat: 0,
      exp: 0,
      jti: '',
    })
    expect(after.payload.jti).not.toBe(before.payload.jti)
    expect(after.payload.iat).toBe((before.payload.iat ?? 0) + 100)
  })

  test('each has a jti of its own', async () => {
    const ids = new Set<unknown>()
    for (let at = 0; at < 50; at++) {
      const { access_token } = (await token(client, { grant_type: 'client_credentials' })).json()
      ids.add((await verified(access_token)).payload.jti)
    }
    expect(ids.size).toBe(50)
  })

  test('has the audience of the settings', async () => {
    const own = await newClient({ tenant: 'own' })
    const { access_token } = (await token(own, { grant_type: 'client_credentials' })).json()
    const { payload } = await verified(access_token, 'https://api.example/', 'own')
    expect(payload.aud).toBe('https://api.example/')
  })
})

const CONFIDENTIAL = ['client_secret_basic', 'client_secret_post', 'private_key_jwt']
const ASSERTION_ALGORITHMS = ['RS256', 'PS256', 'ES256', 'ES384', 'EdDSA', 'Ed25519']

describe('the documents', () => {
  const METADATA = {
    issuer: 'https://main.example/',
    token_endpoint: 'https://main.example/oauth/token',
    token_endpoint_auth_methods_supported: [...CONFIDENTIAL, 'none'],
    token_endpoint_auth_signing_alg_values_supported: ASSERTION_ALGORITHMS,
    dpop_signing_alg_values_supported: ASSERTION_ALGORITHMS,
    revocation_endpoint: 'https://main.example/oauth/revoke',
    revocation_endpoint_auth_methods_supported: [...CONFIDENTIAL, 'none'],
    revocation_endpoint_auth_signing_alg_values_supported: ASSERTION_ALGORITHMS,
    introspection_endpoint: 'https://main.example/oauth/introspect',
    introspection_endpoint_auth_methods_supported: CONFIDENTIAL,
    introspection_endpoint_auth_signing_alg_values_supported: ASSERTION_ALGORITHMS,
    jwks_uri: 'https://main.example/.well-known/jwks.json',
    grant_types_supported: ['client_credentials', 'refresh_token', 'password'],
    response_types_supported: [],
  }

  test.each(['/.well-known/oauth-authorization-server', '/.well-known/openid-configuration'])(
    'RFC 8414: %s',
    async (path) => {
      const response = await get(path)
      expect(response.status).toBe(200)
      expect(response.header('content-type')).toBe('application/json')
      expect(response.header('cache-control')).toBe('public, max-age=300')
      expect(response.json()).toEqual(METADATA)
    },
  )

  test('T140 they do not believe the Host header or what is beside it', async () => {
    const path = '/.well-known/oauth-authorization-server'
    const headers = {
      'x-forwarded-host': 'evil.example',
      'x-forwarded-proto': 'http',
      forwarded: 'host=evil.example',
      'x-original-url': '/evil',
    }
    const response = await harness.send({ method: 'GET', path, host: 'MAIN.example:8443', headers })
    expect(response.json()).toEqual(METADATA)
  })

  test('T217 the password grant is in them only where it is on', async () => {
    const { grant_types_supported } = (await get('/.well-known/openid-configuration', 'plain')).json()
    expect(grant_types_supported).toEqual(['client_credentials', 'refresh_token'])
  })

  test('the scopes are in them where the tenant names them', async () => {
    const document = (await get('/.well-known/openid-configuration', 'own')).json()
    expect(document.scopes_supported).toEqual(['read', 'write'])
  })

  test('every endpoint they name is there', async () => {
    const named = Object.entries(METADATA).filter(([name]) => /_endpoint$|_uri$/.test(name))
    for (const [name, url] of named) {
      const method = name === 'jwks_uri' ? 'GET' : 'POST'
      const { status } = await harness.send({ method, path: new URL(String(url)).pathname, body: '' })
      expect([200, 400, 401]).toContain(status)
    }
  })

  test('T083 RFC 7517: the keys, public members only', async () => {
    const { access_token } = (await token(client, { grant_type: 'client_credentials' })).json()
    const response = await get('/.well-known/jwks.json')
    expect(response.header('content-type')).toBe('application/jwk-set+json')
    expect(response.header('cache-control')).toBe('public, max-age=300')
    const { keys } = response.json()
    expect(keys.map((key: { kid: string }) => key.kid)).toContain(decodeProtectedHeader(access_token).kid)
    for (const key of keys) {
      expect(Object.keys(key).sort()).toEqual(['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y'])
      expect(key).toMatchObject({ use: 'sig', alg: 'ES256' })
    }
  })

  test('T083 RSA keys have 2048 bits', async () => {
    await harness.services.keys.ensure('plain', 'RS256')
    const { keys } = (await get('/.well-known/jwks.json', 'plain')).json()
    const rsa = keys.filter((key: { kty: string }) => key.kty === 'RSA')
    expect(rsa.length).toBeGreaterThan(0)
    for (const key of rsa) {
      expect(Object.keys(key).sort()).toEqual(['alg', 'e', 'kid', 'kty', 'n', 'use'])
      expect(Buffer.from(key.n, 'base64url')).toHaveLength(256)
    }
  })

  test('T084 a new key is published before it signs, and the old one stays', async () => {
    const kidOf = async () =>
      decodeProtectedHeader((await token(client, { grant_type: 'client_credentials' })).json().access_token)
        .kid
    const published = async () =>
      (await get('/.well-known/jwks.json')).json().keys.map((key: { kid: string }) => key.kid)
    const [before, old] = [await published(), await kidOf()]
    await harness.services.keys.rotate('main', 'ES256', { force: true })
    const young = await kidOf()
    expect(young).not.toBe(old)
    expect(before).toContain(young)
    expect(await published()).toContain(old)
  })

  test('T129 they are read by GET only', async () => {
    for (const path of ['/.well-known/jwks.json', '/.well-known/openid-configuration']) {
      const response = await harness.send({ path, body: '' })
      expect([response.status, response.header('allow')]).toEqual([405, 'GET'])
    }
  })
})

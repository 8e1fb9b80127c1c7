import { createLocalJWKSet, jwtVerify } from 'jose'
import { beforeAll, describe, expect, test } from 'vitest'
import { realm } from '../../src/surfaces/realm.ts'
import { TENANT } from '../harness.ts'
import { basic, createStandard, expectError, PASSWORD, type TestClient } from './standard-exchange.ts'

const {
  harness,
  as,
  client: newClient,
  user: newUser,
  login,
  refresh,
  introspect,
  token,
} = createStandard({ custom: { issuer: 'https://id.p.newstore.net/auth/realms/custom' } }, 'realm')

const BASE = '/auth/realms/main'
const CONNECT = `${BASE}/protocol/openid-connect`
const ISSUER = 'https://main.example/auth/realms/main'

let client: TestClient
let username: string

beforeAll(async () => {
  client = await newClient()
  username = (await newUser()).username
})

describe('the endpoints', () => {
  test('R150 R151 R152 a client by client_secret_basic and by client_secret_post', async () => {
    const byHeader = await token(client, { grant_type: 'client_credentials' })
    const credentials = { client_id: client.id, client_secret: client.secret }
    const byBody = await harness.send({
      path: `${CONNECT}/token`,
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ grant_type: 'client_credentials', ...credentials }).toString(),
    })
    for (const response of [byHeader, byBody]) {
      expect(response.status).toBe(200)
      expect(response.json()).toEqual({
        access_token: expect.any(String),
        token_type: 'Bearer',
        expires_in: 3600,
        scope: 'read write',
      })
    }
  })

  test('R152 scope is a text, even of a client without scopes', async () => {
    const bare = await newClient({ scopes: [] })
    expect((await token(bare, { grant_type: 'client_credentials' })).json().scope).toBe('')
  })

  test('the path names the tenant, whatever the host', async () => {
    for (const host of ['main.example', 'custom.example', 'id.p.newstore.net', 'nobody']) {
      const response = await harness.send({
        path: `${CONNECT}/token`,
        host,
        headers: {
          'content-type': 'application/x-www-form-urlencoded',
          authorization: basic(client.id, client.secret),
        },
        body: 'grant_type=client_credentials',
      })
      expect(response.status).toBe(200)
    }
  })

  test.each(['nobody', 'MAIN', 'main%20', '', '..', '__proto__'])(
    'R157 realm %j is not there',
    async (id) => {
      const path = `/auth/realms/${id}/protocol/openid-connect/token`
      expectError(await harness.send({ path, body: 'grant_type=client_credentials' }), 'not_found')
    },
  )

  test.each(['/auth/realms/main', `${BASE}/protocol/openid-connect/nothing`, '/auth/realms/'])(
    'R157 %s is not found',
    async (path) => {
      expectError(await harness.send({ path, body: '' }), 'not_found')
    },
  )

  test('R157 errors are those of RFC 6749', async () => {
    expectError(
      await token({ ...client, secret: 'x' }, { grant_type: 'client_credentials' }),
      'invalid_client',
    )
    expectError(await token(client, { grant_type: 'x' }), 'unsupported_grant_type')
    expectError(await harness.send({ method: 'GET', path: `${CONNECT}/token` }), 'method_not_allowed')
    expectError(await as(client, `${CONNECT}/token?client_secret=x`, {}), 'invalid_request')
  })

  test('a client of another realm', async () => {
    const stranger = await newClient({ tenant: 'custom' })
    expectError(
      await token({ ...stranger, tenant: 'main' }, { grant_type: 'client_credentials' }),
      'invalid_client',
    )
    expect((await token(stranger, { grant_type: 'client_credentials' })).status).toBe(200)
  })

  test('R156 introspection, revocation and refresh', async () => {
    const first = await login(client, username)
    const { refresh_token, access_token } = (await refresh(client, first.refresh_token)).json()
    expect(refresh_token).not.toBe(first.refresh_token)
    expect(await introspect(client, access_token)).toMatchObject({ active: true, iss: ISSUER, aud: ISSUER })
    expect((await as(client, `${CONNECT}/revoke`, { token: refresh_token })).status).toBe(200)
    expect(await introspect(client, access_token)).toEqual({ active: false })
    expectError(await refresh(client, refresh_token), 'invalid_grant')
  })
})

describe('next to the standard surface', () => {
  /** The same as a client of the standard surface. */
  const atStandard = (path: string, form: Record<string, string>) => as(client, path, form)

  test('T052 its refresh tokens are refused there, and the other way round', async () => {
    const here = await login(client, username)
    const grant = { grant_type: 'refresh_token', refresh_token: here.refresh_token }
    expectError(await atStandard('/oauth/token', grant), 'invalid_grant')
    const there = (
      await atStandard('/oauth/token', { grant_type: 'password', username, password: PASSWORD })
    ).json()
    expectError(await refresh(client, there.refresh_token), 'invalid_grant')
    expect((await refresh(client, here.refresh_token)).status).toBe(200)
  })

  test('T046 nor can they be revoked there', async () => {
    const { access_token, refresh_token } = await login(client, username)
    for (const each of [access_token, refresh_token]) await atStandard('/oauth/revoke', { token: each })
    expect(await introspect(client, access_token)).toMatchObject({ active: true })
  })

  test('T048 a client sees its own tokens where they were issued, a resource server everywhere', async () => {
    const { access_token } = await login(client, username)
    expect((await atStandard('/oauth/introspect', { token: access_token })).json()).toEqual({ active: false })
    const api = await newClient({ introspect: 'any' })
    const response = await as(api, '/oauth/introspect', { token: access_token })
    expect(response.json()).toMatchObject({ active: true, iss: ISSUER })
  })
})

const CONFIDENTIAL = ['client_secret_basic', 'client_secret_post', 'private_key_jwt']
const ASSERTION_ALGORITHMS = ['RS256', 'PS256', 'ES256', 'ES384', 'EdDSA', 'Ed25519']

describe('the documents', () => {
  test.each([`${BASE}/.well-known/openid-configuration`, `/.well-known/oauth-authorization-server${BASE}`])(
    'R156 RFC 8414: %s',
    async (path) => {
      const response = await harness.send({ method: 'GET', path, host: 'evil.example' })
      expect(response.status).toBe(200)
      expect(response.json()).toEqual({
        issuer: ISSUER,
        token_endpoint: `${ISSUER}/protocol/openid-connect/token`,
        token_endpoint_auth_methods_supported: [...CONFIDENTIAL, 'none'],
        token_endpoint_auth_signing_alg_values_supported: ASSERTION_ALGORITHMS,
        dpop_signing_alg_values_supported: ASSERTION_ALGORITHMS,
        revocation_endpoint: `${ISSUER}/protocol/openid-connect/revoke`,
        revocation_endpoint_auth_methods_supported: [...CONFIDENTIAL, 'none'],
        revocation_endpoint_auth_signing_alg_values_supported: ASSERTION_ALGORITHMS,
        introspection_endpoint: `${ISSUER}/protocol/openid-connect/token/introspect`,
        introspection_endpoint_auth_methods_supported: CONFIDENTIAL,
        introspection_endpoint_auth_signing_alg_values_supported: ASSERTION_ALGORITHMS,
        jwks_uri: `${ISSUER}/protocol/openid-connect/certs`,
        grant_types_supported: ['client_credentials', 'refresh_token', 'password'],
        response_types_supported: [],
      })
    },
  )

  test('T081 jose verifies the token with the served keys and issuer', async () => {
    const keys = await harness.send({ method: 'GET', path: `${CONNECT}/certs` })
    const { access_token } = await login(client, username)
    const { payload } = await jwtVerify(access_token, createLocalJWKSet(keys.json()), {
      typ: 'at+jwt',
      issuer: ISSUER,
      audience: ISSUER,
      currentDate: new Date(harness.now() * 1000),
    })
    expect(payload.client_id).toBe(client.id)
  })

  test('the issuer is a setting, and the endpoints are at its origin', async () => {
    const path = '/auth/realms/custom/.well-known/openid-configuration'
    const document = (await harness.send({ method: 'GET', path })).json()
    expect(document.issuer).toBe('https://id.p.newstore.net/auth/realms/custom')
    expect(document.token_endpoint).toBe(
      'https://id.p.newstore.net/auth/realms/custom/protocol/openid-connect/token',
    )
  })

  test('the issuer is at the origin of the tenant’s by default', () => {
    const { issuer, audience } = realm.policy({}, { ...TENANT, issuer: 'https://as.example:8443/some/path/' })
    expect([issuer, audience]).toEqual(Array(2).fill('https://as.example:8443/auth/realms/dodici'))
    const own = realm.policy({ issuer: 'https://id.example/realm' }, TENANT)
    expect([own.issuer, own.audience]).toEqual(Array(2).fill('https://id.example/realm'))
  })
})

/** openid-client 6, against the standard and the realm surface. */
import { importJWK, type JWK } from 'jose'
import * as openid from 'openid-client'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createClient } from '../../src/admin/operations/clients.ts'
import { CLIENT_KEYS } from '../crypto/assertions.ts'
import { type RunningServer, startServer } from './server.ts'
import {
  AWKWARD_CLIENT,
  DOCUMENT_CLIENT,
  NEWSTORE_USER,
  OPAQUE_CLIENT,
  RESOURCE_SERVER,
  STOREFRONT,
} from './tenant.ts'

let server: RunningServer

beforeAll(async () => {
  server = await startServer()
})
afterAll(() => server.close())

interface Credentials {
  readonly id: string
  readonly secret?: string
}

const AUTHENTICATIONS: Readonly<Record<string, (secret: string) => openid.ClientAuth>> = {
  client_secret_basic: openid.ClientSecretBasic,
  client_secret_post: openid.ClientSecretPost,
}

async function discover(
  issuer: string,
  client: Credentials,
  authentication: openid.ClientAuth = openid.ClientSecretBasic(client.secret),
  algorithm: 'oauth2' | 'oidc' = 'oauth2',
): Promise<openid.Configuration> {
  return await openid.discovery(new URL(issuer), client.id, undefined, authentication, {
    algorithm,
    execute: [openid.allowInsecureRequests],
  })
}

describe.each(['standard', 'realm'] as const)('%s', (surface) => {
  const issuer = () => (surface === 'standard' ? server.issuer : server.realmIssuer)

  test.each(['oauth2', 'oidc'] as const)('discovery by %s finds every endpoint', async (algorithm) => {
    const configuration = await discover(issuer(), DOCUMENT_CLIENT, undefined, algorithm)
    const metadata = configuration.serverMetadata()
    expect(metadata.issuer).toBe(issuer())
    expect(metadata.token_endpoint).toMatch(new RegExp(`^${server.origin}/`))
    expect(metadata.revocation_endpoint).toMatch(new RegExp(`^${server.origin}/`))
    expect(metadata.introspection_endpoint).toMatch(new RegExp(`^${server.origin}/`))
    expect(metadata.jwks_uri).toMatch(new RegExp(`^${server.origin}/`))
  })

  describe.each(Object.keys(AUTHENTICATIONS))('%s', (method) => {
    const configured = (client: { id: string; secret: string }) =>
      discover(issuer(), client, AUTHENTICATIONS[method]?.(client.secret))

    test('client credentials, with and without a scope', async () => {
      const configuration = await configured(OPAQUE_CLIENT)
      const all = await openid.clientCredentialsGrant(configuration)
      expect(all.token_type).toBe('bearer')
      expect(all.expires_in).toBe(3600)
      expect(all.scope).toBe('orders:read orders:write')
      expect(all.refresh_token).toBeUndefined()
      const one = await openid.clientCredentialsGrant(configuration, { scope: 'orders:read' })
      expect(one.scope).toBe('orders:read')
    })

    test('an id and a secret with spaces, plus and percent signs', async () => {
      const token = await openid.clientCredentialsGrant(await configured(AWKWARD_CLIENT))
      expect(token.access_token).toContain('.')
    })

    test('a wrong secret is refused with a challenge', async () => {
      const configuration = await configured({ ...DOCUMENT_CLIENT, secret: 'wrong' })
      await expect(openid.clientCredentialsGrant(configuration)).rejects.toMatchObject({
        status: 401,
        cause: [{ scheme: 'basic' }],
      })
    })

    test('a scope the client has not is invalid_scope', async () => {
      const configuration = await configured(DOCUMENT_CLIENT)
      await expect(
        openid.clientCredentialsGrant(configuration, { scope: 'admin root' }),
      ).rejects.toMatchObject({ error: 'invalid_scope', status: 400 })
    })
  })

  test.each(CLIENT_KEYS)(
    'T072 private_key_jwt, signed by $algorithm',
    async ({ jwk, algorithm, privateKey }) => {
      const id = `${surface}-${algorithm}`
      const { operations } = server.mintkeeper
      await createClient(operations, 'dodici', { id, jwks: { keys: [jwk] }, scopes: ['orders:read'] })
      const webKey = await importJWK(privateKey.export({ format: 'jwk' }) as JWK, algorithm, {
        extractable: false,
      })
      const key = { key: webKey as openid.CryptoKey, kid: jwk.kid }
      const client = await discover(issuer(), { id }, openid.PrivateKeyJwt(key))
      for (const endpoint of ['token', 'introspection', 'revocation'] as const) {
        const metadata = client.serverMetadata()
        expect(metadata[`${endpoint}_endpoint_auth_methods_supported`]).toContain('private_key_jwt')
        expect(metadata[`${endpoint}_endpoint_auth_signing_alg_values_supported`]).toContain(algorithm)
      }
      const { access_token: token } = await openid.clientCredentialsGrant(client)
      expect(await openid.tokenIntrospection(client, token)).toMatchObject({ active: true, client_id: id })
      await openid.tokenRevocation(client, token)
      expect(await openid.tokenIntrospection(client, token)).toEqual({ active: false })

      const [first = key] = CLIENT_KEYS.filter((other) => other.jwk.kid !== jwk.kid)
      if (!('jwk' in first)) return
      const wrongKey = await importJWK(first.privateKey.export({ format: 'jwk' }) as JWK, first.algorithm)
      const stranger = await discover(issuer(), { id }, openid.PrivateKeyJwt(wrongKey as openid.CryptoKey))
      await expect(openid.clientCredentialsGrant(stranger)).rejects.toMatchObject({ status: 401 })
    },
  )

  test('password, refresh, introspection and revocation', async () => {
    const client = await discover(issuer(), OPAQUE_CLIENT)
    const resourceServer = await discover(issuer(), RESOURCE_SERVER)
    const first = await openid.genericGrantRequest(client, 'password', { ...NEWSTORE_USER })
    expect(await openid.tokenIntrospection(resourceServer, first.access_token)).toMatchObject({
      active: true,
      client_id: OPAQUE_CLIENT.id,
      username: NEWSTORE_USER.username,
      sub: 'auth0|596c8f95790837489f4c191c',
      iss: issuer(),
      token_type: 'Bearer',
      newstore_id: '3S40MqkNyMLbOLNGqF6Ryc',
    })

    const second = await openid.refreshTokenGrant(client, first.refresh_token ?? '')
    expect(second.access_token).not.toBe(first.access_token)
    expect(second.refresh_token).not.toBe(first.refresh_token)
    expect(second.scope).toBe(first.scope)

    await openid.tokenRevocation(client, second.refresh_token ?? '')
    expect(await openid.tokenIntrospection(resourceServer, second.access_token)).toEqual({ active: false })
    await expect(openid.refreshTokenGrant(client, second.refresh_token ?? '')).rejects.toMatchObject({
      error: 'invalid_grant',
      status: 400,
    })
  })

  test('a refresh may narrow the scope, and the next has all of it again', async () => {
    const client = await discover(issuer(), OPAQUE_CLIENT)
    const first = await openid.genericGrantRequest(client, 'password', { ...NEWSTORE_USER })
    const narrow = await openid.refreshTokenGrant(client, first.refresh_token ?? '', { scope: 'orders:read' })
    expect(narrow.scope).toBe('orders:read')
    const wide = await openid.refreshTokenGrant(client, narrow.refresh_token ?? '')
    expect(wide.scope).toBe('orders:read orders:write')
  })

  test('a public client logs users in, and gets no token of its own', async () => {
    const storefront = await discover(issuer(), STOREFRONT, openid.None())
    const token = await openid.genericGrantRequest(storefront, 'password', { ...NEWSTORE_USER })
    const refreshed = await openid.refreshTokenGrant(storefront, token.refresh_token ?? '')
    expect(refreshed.token_type).toBe('bearer')
    await expect(openid.clientCredentialsGrant(storefront)).rejects.toMatchObject({
      error: 'unauthorized_client',
    })
  })

  test('a client sees nothing of the tokens of another', async () => {
    const owner = await discover(issuer(), OPAQUE_CLIENT)
    const stranger = await discover(issuer(), DOCUMENT_CLIENT)
    const { access_token: token } = await openid.clientCredentialsGrant(owner)
    expect(await openid.tokenIntrospection(stranger, token)).toEqual({ active: false })
    await openid.tokenRevocation(stranger, token)
    expect(await openid.tokenIntrospection(owner, token)).toMatchObject({ active: true })
  })
})

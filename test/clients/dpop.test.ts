/** DPoP (RFC 9449) by openid-client as client and oauth4webapi as resource server. */
import * as oauth from 'oauth4webapi'
import * as openid from 'openid-client'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { updateClient } from '../../src/admin/operations/clients.ts'
import { type RunningServer, startServer } from './server.ts'
import { DOCUMENT_CLIENT, NEWSTORE_USER, OPAQUE_CLIENT, RESOURCE_SERVER, STOREFRONT } from './tenant.ts'

let server: RunningServer

beforeAll(async () => {
  server = await startServer()
})
afterAll(() => server.close())

const API = 'https://api.example.com/orders'

describe.each(['standard', 'realm'] as const)('%s', (surface) => {
  const issuer = () => (surface === 'standard' ? server.issuer : server.realmIssuer)

  async function discover(id: string, authentication: openid.ClientAuth): Promise<openid.Configuration> {
    return await openid.discovery(new URL(issuer()), id, undefined, authentication, {
      algorithm: 'oauth2',
      execute: [openid.allowInsecureRequests],
    })
  }

  const confidential = ({ id, secret }: { readonly id: string; readonly secret: string }) =>
    discover(id, openid.ClientSecretBasic(secret))

  async function newHandle(client: openid.Configuration, algorithm = 'ES256') {
    const keyPair = await openid.randomDPoPKeyPair(algorithm)
    const DPoP = openid.getDPoPHandle(client, keyPair)
    return { keyPair, DPoP, jkt: await DPoP.calculateThumbprint() }
  }

  async function introspected(token: string) {
    return await openid.tokenIntrospection(await confidential(RESOURCE_SERVER), token)
  }

  test.each(['ES256', 'ES384', 'PS256', 'RS256', 'EdDSA', 'Ed25519'])(
    'client credentials with a proof by %s',
    async (algorithm) => {
      for (const credentials of [DOCUMENT_CLIENT, OPAQUE_CLIENT]) {
        const client = await confidential(credentials)
        expect(client.serverMetadata().dpop_signing_alg_values_supported).toContain(algorithm)
        const { DPoP, jkt } = await newHandle(client, algorithm)
        const token = await openid.clientCredentialsGrant(client, {}, { DPoP })
        expect(token.token_type).toBe('dpop')
        expect(await introspected(token.access_token)).toMatchObject({ token_type: 'DPoP', cnf: { jkt } })
      }
    },
  )

  test('a public client logs in and refreshes by its key, and nobody does by another', async () => {
    const client = await discover(STOREFRONT.id, openid.None())
    const [own, other] = [await newHandle(client), await newHandle(client)]
    const { DPoP } = own
    const first = await openid.genericGrantRequest(client, 'password', { ...NEWSTORE_USER }, { DPoP })
    const stolen = first.refresh_token ?? ''
    for (const options of [{ DPoP: other.DPoP }, {}]) {
      await expect(openid.refreshTokenGrant(client, stolen, {}, options)).rejects.toMatchObject({
        error: 'invalid_grant',
        status: 400,
      })
    }
    const second = await openid.refreshTokenGrant(client, stolen, {}, { DPoP })
    expect(second.token_type).toBe('dpop')
    expect(await introspected(second.access_token)).toMatchObject({ active: true, cnf: { jkt: own.jkt } })
  })

  test('a client that needs a proof is told so', async () => {
    await updateClient(server.mintkeeper.operations, 'dodici', OPAQUE_CLIENT.id, {
      dpopBoundAccessTokens: true,
    })
    const client = await confidential(OPAQUE_CLIENT)
    await expect(openid.clientCredentialsGrant(client)).rejects.toMatchObject({
      error: 'invalid_dpop_proof',
      status: 400,
    })
    const { DPoP } = await newHandle(client)
    expect((await openid.clientCredentialsGrant(client, {}, { DPoP })).token_type).toBe('dpop')
    await updateClient(server.mintkeeper.operations, 'dodici', OPAQUE_CLIENT.id, {
      dpopBoundAccessTokens: false,
    })
  })

  test('a resource server takes the token with a proof by its key, and not without or by another', async () => {
    const client = await confidential(DOCUMENT_CLIENT)
    const [own, other] = [await newHandle(client), await newHandle(client)]
    const { access_token: token } = await openid.clientCredentialsGrant(client, {}, { DPoP: own.DPoP })
    const as = client.serverMetadata()
    const validate = async (request: Request) =>
      await oauth.validateJwtAccessToken(as as oauth.AuthorizationServer, request, issuer(), {
        [oauth.allowInsecureRequests]: true,
      })
    /** What a client sends to the API. */
    async function requestBy({ keyPair }: typeof own): Promise<Request> {
      const sent = Promise.withResolvers<Request>()
      const handle = oauth.DPoP({}, keyPair)
      await oauth.protectedResourceRequest(token, 'GET', new URL(API), undefined, null, {
        DPoP: handle,
        [oauth.customFetch]: async (url, options) => {
          sent.resolve(new Request(url, options as RequestInit))
          return new Response(null, { status: 204 })
        },
      })
      return await sent.promise
    }
    expect(await validate(await requestBy(own))).toMatchObject({ cnf: { jkt: own.jkt } })
    await expect(validate(await requestBy(other))).rejects.toThrow()
    const bearer = new Request(API, { headers: { authorization: `Bearer ${token}` } })
    await expect(validate(bearer)).rejects.toThrow()
  })
})

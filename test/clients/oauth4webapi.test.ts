/** oauth4webapi, which checks every answer against the RFCs, as client and as resource server. */
import * as oauth from 'oauth4webapi'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type RunningServer, startServer } from './server.ts'
import { AWKWARD_CLIENT, DOCUMENT_CLIENT, NEWSTORE_USER, OPAQUE_CLIENT } from './tenant.ts'

let server: RunningServer

beforeAll(async () => {
  server = await startServer()
})
afterAll(() => server.close())

const LOOPBACK = { [oauth.allowInsecureRequests]: true } as const

async function discover(issuer: string, algorithm: 'oauth2' | 'oidc'): Promise<oauth.AuthorizationServer> {
  const url = new URL(issuer)
  return await oauth.processDiscoveryResponse(
    url,
    await oauth.discoveryRequest(url, { ...LOOPBACK, algorithm }),
  )
}

describe.each(['standard', 'realm'] as const)('%s', (surface) => {
  const issuer = () => (surface === 'standard' ? server.issuer : server.realmIssuer)
  const metadata = () => discover(issuer(), 'oauth2')

  async function clientCredentials(
    credentials: { readonly id: string; readonly secret: string },
    parameters: Record<string, string> = {},
    authentication: (secret: string) => oauth.ClientAuth = oauth.ClientSecretBasic,
  ): Promise<oauth.TokenEndpointResponse> {
    const as = await metadata()
    const client = { client_id: credentials.id }
    const response = await oauth.clientCredentialsGrantRequest(
      as,
      client,
      authentication(credentials.secret),
      parameters,
      LOOPBACK,
    )
    return await oauth.processClientCredentialsResponse(as, client, response)
  }

  test('both forms of discovery say the same', async () => {
    expect(await discover(issuer(), 'oidc')).toEqual(await metadata())
  })

  test.each([
    ['client_secret_basic', oauth.ClientSecretBasic],
    ['client_secret_post', oauth.ClientSecretPost],
  ] as const)('client credentials by %s', async (_, authentication) => {
    for (const credentials of [DOCUMENT_CLIENT, AWKWARD_CLIENT, OPAQUE_CLIENT]) {
      const token = await clientCredentials(credentials, {}, authentication)
      expect(token.expires_in).toBe(3600)
    }
  })

  test('a refused client is answered with a challenge that can be parsed', async () => {
    const wrong = { ...DOCUMENT_CLIENT, secret: 'wrong' }
    await expect(clientCredentials(wrong)).rejects.toMatchObject({
      status: 401,
      cause: [{ scheme: 'basic', parameters: { realm: 'oauth', charset: 'UTF-8' } }],
    })
  })

  test('password, refresh, introspection and revocation', async () => {
    const as = await metadata()
    const client = { client_id: OPAQUE_CLIENT.id }
    const authentication = oauth.ClientSecretBasic(OPAQUE_CLIENT.secret)
    const first = await oauth.processGenericTokenEndpointResponse(
      as,
      client,
      await oauth.genericTokenEndpointRequest(
        as,
        client,
        authentication,
        'password',
        { ...NEWSTORE_USER },
        LOOPBACK,
      ),
    )
    const second = await oauth.processRefreshTokenResponse(
      as,
      client,
      await oauth.refreshTokenGrantRequest(as, client, authentication, first.refresh_token ?? '', LOOPBACK),
    )
    const introspect = async (token: string) =>
      await oauth.processIntrospectionResponse(
        as,
        client,
        await oauth.introspectionRequest(as, client, authentication, token, LOOPBACK),
      )
    expect(await introspect(second.access_token)).toMatchObject({ active: true, iss: issuer() })

    const revocation = await oauth.revocationRequest(
      as,
      client,
      authentication,
      second.access_token,
      LOOPBACK,
    )
    await oauth.processRevocationResponse(revocation)
    expect(await introspect(second.access_token)).toEqual({ active: false })
  })

  describe('as a resource server', () => {
    function apiRequest(accessToken: string): Request {
      return new Request('http://api.example.com/orders', {
        headers: { authorization: `Bearer ${accessToken}` },
      })
    }

    test('validates a JWT access token (RFC 9068)', async () => {
      const { access_token: token } = await clientCredentials(DOCUMENT_CLIENT)
      const claims = await oauth.validateJwtAccessToken(
        await metadata(),
        apiRequest(token),
        issuer(),
        LOOPBACK,
      )
      expect(claims).toMatchObject({
        iss: issuer(),
        aud: issuer(),
        sub: DOCUMENT_CLIENT.id,
        client_id: DOCUMENT_CLIENT.id,
        scope: 'admin',
      })
      expect(claims.exp - claims.iat).toBe(3600)
    })

    test('refuses it for another audience, changed by a letter, and from the other surface', async () => {
      const as = await metadata()
      const { access_token: token } = await clientCredentials(DOCUMENT_CLIENT)
      const refused = (text: string, audience: string, by = as) =>
        expect(oauth.validateJwtAccessToken(by, apiRequest(text), audience, LOOPBACK)).rejects.toThrow()
      await refused(token, 'https://other.example.com/')
      const [header, payload, signature = ''] = token.split('.')
      const changed = (signature.startsWith('A') ? 'B' : 'A') + signature.slice(1)
      await refused([header, payload, changed].join('.'), issuer())
      const other = surface === 'standard' ? server.realmIssuer : server.issuer
      await refused(token, issuer(), await discover(other, 'oauth2'))
    })
  })
})

import { generateKeyPairSync } from 'node:crypto'
import type { RequestListener } from 'node:http'
import Provider, { type AdapterFactory, type AdapterPayload } from 'oidc-provider'
import { secretOf } from '../config.ts'
import { REFRESH_TOKEN_PATH } from './refresh-token-path.ts'

/** oidc-provider with one confidential client, in memory. */
export async function oidcProvider(): Promise<RequestListener> {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const provider = new Provider('http://localhost', {
    adapter: memoryAdapters(),
    jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), alg: 'RS256', use: 'sig' }] },
    clients: [
      {
        client_id: 'batch',
        client_secret: secretOf('batch'),
        token_endpoint_auth_method: 'client_secret_post',
        grant_types: ['client_credentials', 'authorization_code', 'refresh_token'],
        response_types: ['code'],
        redirect_uris: ['https://client.example/'],
      },
    ],
    scopes: ['read', 'offline_access'],
    ttl: { AccessToken: 3600, ClientCredentials: 3600, RefreshToken: 90 * 86_400, Grant: 90 * 86_400 },
    rotateRefreshToken: true,
    findAccount: (_, accountId) => ({ accountId, claims: () => ({ sub: accountId }) }),
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      introspection: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: () => ({
          scope: 'read',
          accessTokenFormat: 'jwt',
          jwt: { sign: { alg: 'RS256' } },
          accessTokenTTL: 3600,
        }),
      },
    },
  })
  const answer = provider.callback()
  return (request, response) => {
    if (request.url !== REFRESH_TOKEN_PATH) return void answer(request, response)
    void firstRefreshToken(provider).then((token) => {
      response.setHeader('Content-Type', 'application/json').end(JSON.stringify({ refresh_token: token }))
    })
  }
}

/** Of a login of its own, as the authorization code would give it. */
async function firstRefreshToken(provider: Provider): Promise<string> {
  const client = await provider.Client.find('batch')
  if (client === undefined) throw new Error('the client is gone')
  const grant = new provider.Grant({ accountId: 'user', clientId: 'batch' })
  grant.addOIDCScope('read offline_access')
  const grantId = await grant.save()
  const token = new provider.RefreshToken({
    ...{ client, grantId, accountId: 'user', scope: 'read offline_access', gty: 'authorization_code' },
  } as ConstructorParameters<typeof provider.RefreshToken>[0])
  return await token.save()
}

/** Its own adapter keeps a thousand rows, and looks at all tokens of a grant to add one. */
function memoryAdapters(): AdapterFactory {
  const rows = new Map<string, AdapterPayload>()
  return (model) => {
    const keyOf = (id: string) => `${model}:${id}`
    const none = async () => undefined
    return {
      async upsert(id, payload) {
        rows.set(keyOf(id), payload)
      },
      find: async (id) => rows.get(keyOf(id)),
      findByUid: none,
      findByUserCode: none,
      async consume(id) {
        const row = rows.get(keyOf(id))
        if (row !== undefined) rows.set(keyOf(id), { ...row, consumed: Math.floor(Date.now() / 1000) })
      },
      async destroy(id) {
        rows.delete(keyOf(id))
      },
      // Only for a replay, which nobody sends.
      revokeByGrantId: none,
    }
  }
}

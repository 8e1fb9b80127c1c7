import type { IncomingMessage, RequestListener } from 'node:http'
import { text } from 'node:stream/consumers'
import OAuth2Server, {
  type Client,
  type RefreshToken,
  type Token,
  type User,
} from '@node-oauth/oauth2-server'
import { secretOf } from '../config.ts'
import { REFRESH_TOKEN_PATH } from './refresh-token-path.ts'

const CLIENT: Client = { id: 'batch', grants: ['client_credentials', 'refresh_token'] }
const USER: User = { id: 'user' }

/** @node-oauth/oauth2-server with one confidential client, in memory, on `node:http`. */
export function oauth2Server(): RequestListener {
  const { model, firstRefreshToken } = memoryModel()
  const server = new OAuth2Server({ model, accessTokenLifetime: 3600, refreshTokenLifetime: 90 * 86_400 })

  async function answer(incoming: IncomingMessage): Promise<unknown> {
    if (incoming.url === REFRESH_TOKEN_PATH) return { refresh_token: await firstRefreshToken() }
    const { method = 'GET' } = incoming
    const body = method === 'POST' ? Object.fromEntries(new URLSearchParams(await text(incoming))) : {}
    const headers = incoming.headers as Record<string, string>
    const request = new OAuth2Server.Request({ method, headers, query: {}, body })
    const response = new OAuth2Server.Response()
    if (method === 'GET') {
      const { client, scope, accessTokenExpiresAt } = await server.authenticate(request, response)
      return { client_id: client.id, scope, expires_at: accessTokenExpiresAt }
    }
    await server.token(request, response)
    return response.body
  }

  return (incoming, outgoing) => {
    void answer(incoming).then(
      (result) => {
        const json = JSON.stringify(result)
        const length = Buffer.byteLength(json)
        outgoing
          .writeHead(200, {
            'Content-Type': 'application/json',
            'Cache-Control': 'no-store',
            'Content-Length': length,
          })
          .end(json)
      },
      (error) => outgoing.writeHead(400).end(String(error)),
    )
  }
}

function memoryModel() {
  const accessTokens = new Map<string, Token>()
  const refreshTokens = new Map<string, RefreshToken>()

  async function saveToken(token: Token, client: Client, user: User): Promise<Token> {
    const saved = { ...token, client, user }
    accessTokens.set(token.accessToken, saved)
    if (token.refreshToken !== undefined) {
      refreshTokens.set(token.refreshToken, { ...saved, refreshToken: token.refreshToken })
    }
    return saved
  }

  const model = {
    getClient: async (id: string, secret: string) =>
      id === CLIENT.id && secret === secretOf(id) ? CLIENT : null,
    getUserFromClient: async () => USER,
    validateScope: async (_user: User, _client: Client, scope?: string[]) => scope,
    saveToken,
    getAccessToken: async (token: string) => accessTokens.get(token),
    getRefreshToken: async (token: string) => refreshTokens.get(token),
    revokeToken: async ({ refreshToken }: RefreshToken) => refreshTokens.delete(refreshToken),
  }
  const firstRefreshToken = async () => {
    const [accessToken, refreshToken] = [crypto.randomUUID(), crypto.randomUUID()]
    await saveToken({ accessToken, refreshToken, scope: ['read'], client: CLIENT, user: USER }, CLIENT, USER)
    return refreshToken
  }
  return { model, firstRefreshToken }
}

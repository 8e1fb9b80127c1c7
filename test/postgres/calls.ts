import type { Mintkeeper } from '../../src/server.ts'

export const ORIGIN = 'http://localhost'
export const CLIENT = { id: 'sync', secret: 'secret-of-sync-0123456789abcdefghijklmnop' }

export interface Answer {
  readonly status: number
  readonly retryAfter: string | null
  // biome-ignore lint/suspicious/noExplicitAny: tests look at answers freely
  readonly json: any
}

export type Call =
  | 'issue'
  | 'issueRealm'
  | 'issueStandard'
  | 'issueNewstore'
  | 'refresh'
  | 'revoke'
  | 'introspect'
  | 'jwks'
  | 'metadata'

export const TOKEN_CALLS = ['issue', 'issueRealm', 'issueStandard', 'issueNewstore'] as const

/** Requests of each surface. Those of spree are about opaque tokens, each of which is a row. */
export function callsOf({ fetch }: Mintkeeper): Readonly<Record<Call, (token?: string) => Promise<Answer>>> {
  async function ask(path: string, form?: Readonly<Record<string, string>>): Promise<Answer> {
    const authorization = `Basic ${Buffer.from(`${CLIENT.id}:${CLIENT.secret}`).toString('base64')}`
    const init =
      form === undefined
        ? {}
        : { method: 'POST', headers: { authorization }, body: new URLSearchParams(form) }
    const response = await fetch(new Request(ORIGIN + path, init))
    return {
      status: response.status,
      retryAfter: response.headers.get('retry-after'),
      json: await response.json(),
    }
  }
  const credentials = { grant_type: 'client_credentials', scope: 'read' }
  return {
    issue: () => ask('/spree_oauth/token', credentials),
    issueRealm: () => ask('/auth/realms/shop/protocol/openid-connect/token', credentials),
    issueStandard: () => ask('/oauth/token', credentials),
    issueNewstore: () => ask('/v0/token', { grant_type: 'password', username: 'nobody', password: 'x' }),
    refresh: (token = '') => ask('/spree_oauth/token', { grant_type: 'refresh_token', refresh_token: token }),
    revoke: (token = '') => ask('/spree_oauth/revoke', { token }),
    introspect: (token = '') => ask('/spree_oauth/introspect', { token }),
    jwks: () => ask('/.well-known/jwks.json'),
    metadata: () => ask('/.well-known/oauth-authorization-server'),
  }
}

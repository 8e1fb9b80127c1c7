import { TENANTS } from './config.ts'

/** One kind of request, sent again and again over each connection. */
export interface Scenario {
  readonly name: string
  /** Which server answers. */
  readonly server: 'bare' | 'mintkeeper'
  readonly host: string
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  /** The body; `{}` stands for what the answer before (or `first`) gave. */
  readonly body: string
  /** A request whose answer every connection starts from. */
  readonly first?: { readonly path: string; readonly body: string }
  /** The member of the answer that the next request carries; without it, the one of `first` is used for all. */
  readonly carry?: string
  /** The member of the answer to `first` that requests carry. */
  readonly take?: string
}

const { rs256, es256, eddsa } = TENANTS
const BATCH = 'client_id=batch&client_secret=batch-secret-0123456789abcdefghijklmnop'
const JWT = 'client_id=jwt&client_secret=jwt-secret-0123456789abcdefghijklmnopqr'
const LOGIN = 'username=user%40example.com&password=correct+horse'
const CREDENTIALS = 'grant_type=client_credentials&scope=read'

function standard(name: string, rest: Partial<Scenario>): Scenario {
  return { name, server: 'mintkeeper', host: rs256, method: 'POST', path: '/oauth/token', body: '', ...rest }
}

export const SCENARIOS: readonly Scenario[] = [
  { ...standard('bare node:http: form to JSON', { body: `${CREDENTIALS}&${BATCH}` }), server: 'bare' },
  standard('standard client_credentials, opaque', { body: `${CREDENTIALS}&${BATCH}` }),
  standard('standard client_credentials, JWT RS256', { body: `${CREDENTIALS}&${JWT}` }),
  standard('standard client_credentials, JWT ES256', { host: es256, body: `${CREDENTIALS}&${JWT}` }),
  standard('standard client_credentials, JWT EdDSA', { host: eddsa, body: `${CREDENTIALS}&${JWT}` }),
  standard('standard refresh, rotate, opaque', {
    first: { path: '/oauth/token', body: `grant_type=password&${LOGIN}&${BATCH}` },
    take: 'refresh_token',
    carry: 'refresh_token',
    body: `grant_type=refresh_token&refresh_token={}&${BATCH}`,
  }),
  standard('standard introspection, opaque', {
    first: { path: '/oauth/token', body: `${CREDENTIALS}&${BATCH}` },
    take: 'access_token',
    path: '/oauth/introspect',
    body: `token={}&${BATCH}`,
  }),
  standard('standard introspection, JWT RS256', {
    first: { path: '/oauth/token', body: `${CREDENTIALS}&${JWT}` },
    take: 'access_token',
    path: '/oauth/introspect',
    body: `token={}&${JWT}`,
  }),
  standard('standard revocation of an unknown token', {
    path: '/oauth/revoke',
    body: `token=unknown&${BATCH}`,
  }),
  standard('realm client_credentials, opaque', {
    path: '/auth/realms/rs256/protocol/openid-connect/token',
    body: `${CREDENTIALS}&${BATCH}`,
  }),
  standard('spree client_credentials', { path: '/spree_oauth/token', body: `${CREDENTIALS}&${BATCH}` }),
  standard('spree password', { path: '/spree_oauth/token', body: `grant_type=password&${LOGIN}` }),
  standard('spree refresh, rotate-on-first-use', {
    first: { path: '/spree_oauth/token', body: `grant_type=password&${LOGIN}` },
    take: 'refresh_token',
    carry: 'refresh_token',
    path: '/spree_oauth/token',
    body: 'grant_type=refresh_token&refresh_token={}',
  }),
  standard('spree token info', {
    first: { path: '/spree_oauth/token', body: `grant_type=password&${LOGIN}` },
    take: 'access_token',
    method: 'GET',
    path: '/spree_oauth/token/info',
    headers: { authorization: 'Bearer {}' },
  }),
  standard('newstore password, JWT RS256', { path: '/v0/token', body: `grant_type=password&${LOGIN}` }),
  standard('newstore refresh, keep, JWT RS256', {
    first: { path: '/v0/token', body: `grant_type=password&${LOGIN}` },
    take: 'refresh_token',
    path: '/v0/refresh_token',
    body: 'grant_type=refresh_token&refresh_token={}',
  }),
  standard('JWKS', { method: 'GET', path: '/.well-known/jwks.json' }),
]

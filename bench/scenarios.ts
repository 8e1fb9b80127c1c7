import { secretOf, TENANTS } from './config.ts'
import { from, type Scenario, scenario } from './scenario.ts'

const { rs256, es256, eddsa, keep } = TENANTS
export const BATCH = `client_id=batch&client_secret=${secretOf('batch')}`
const JWT = `client_id=jwt&client_secret=${secretOf('jwt')}`
const LOGIN = 'username=user%40example.com&password=correct+horse'
export const CREDENTIALS = 'grant_type=client_credentials&scope=read'

export const TOKEN = '"access_token":"'
export const ACTIVE = '"active":true'

/** The least a token endpoint has to do: what all the others are compared with. */
export const BARE: Scenario = scenario('form to JSON', {
  path: '/oauth/token',
  body: `${CREDENTIALS}&${BATCH}`,
  expects: TOKEN,
})

function standard(name: string, rest: Partial<Scenario>): Scenario {
  return scenario(`standard ${name}`, { host: rs256, path: '/oauth/token', expects: TOKEN, ...rest })
}

/** What Mintkeeper is asked. */
export const SCENARIOS: readonly Scenario[] = [
  standard('client_credentials, opaque', { body: `${CREDENTIALS}&${BATCH}` }),
  standard('client_credentials, JWT RS256', { body: `${CREDENTIALS}&${JWT}` }),
  standard('client_credentials, JWT ES256', { host: es256, body: `${CREDENTIALS}&${JWT}` }),
  standard('client_credentials, JWT EdDSA', { host: eddsa, body: `${CREDENTIALS}&${JWT}` }),
  standard('refresh, rotate, opaque', {
    values: from('/oauth/token', `grant_type=password&${LOGIN}&${BATCH}`, 'refresh_token', 'carried'),
    body: `grant_type=refresh_token&refresh_token={}&${BATCH}`,
  }),
  standard('refresh, keep, opaque', {
    host: keep,
    values: from('/oauth/token', `grant_type=password&${LOGIN}&${BATCH}`, 'refresh_token', 'one'),
    body: `grant_type=refresh_token&refresh_token={}&${BATCH}`,
  }),
  standard('password, opaque', { body: `grant_type=password&${LOGIN}&${BATCH}` }),
  standard('introspection, opaque', {
    values: from('/oauth/token', `${CREDENTIALS}&${BATCH}`, 'access_token', 'one'),
    path: '/oauth/introspect',
    body: `token={}&${BATCH}`,
    expects: ACTIVE,
  }),
  standard('introspection, JWT RS256', {
    values: from('/oauth/token', `${CREDENTIALS}&${JWT}`, 'access_token', 'one'),
    path: '/oauth/introspect',
    body: `token={}&${JWT}`,
    expects: ACTIVE,
  }),
  standard('revocation, opaque', {
    values: from('/oauth/token', `${CREDENTIALS}&${BATCH}`, 'access_token', 'supply'),
    path: '/oauth/revoke',
    body: `token={}&${BATCH}`,
    expects: '',
  }),
  standard('revocation of an unknown token', {
    path: '/oauth/revoke',
    body: `token=unknown&${BATCH}`,
    expects: '',
  }),
  scenario('realm client_credentials, opaque', {
    host: rs256,
    path: '/auth/realms/rs256/protocol/openid-connect/token',
    body: `${CREDENTIALS}&${BATCH}`,
    expects: TOKEN,
  }),
  scenario('spree client_credentials', {
    host: rs256,
    path: '/spree_oauth/token',
    body: `${CREDENTIALS}&${BATCH}`,
    expects: TOKEN,
  }),
  scenario('spree password', {
    host: rs256,
    path: '/spree_oauth/token',
    body: `grant_type=password&${LOGIN}`,
    expects: TOKEN,
  }),
  scenario('spree refresh, rotate-on-first-use', {
    host: rs256,
    values: from('/spree_oauth/token', `grant_type=password&${LOGIN}`, 'refresh_token', 'carried'),
    path: '/spree_oauth/token',
    body: 'grant_type=refresh_token&refresh_token={}',
    expects: TOKEN,
  }),
  scenario('spree token info', {
    host: rs256,
    values: from('/spree_oauth/token', `grant_type=password&${LOGIN}`, 'access_token', 'one'),
    method: 'GET',
    path: '/spree_oauth/token/info',
    headers: { Authorization: 'Bearer {}' },
    expects: 'expires_in',
  }),
  scenario('newstore password, JWT RS256', {
    host: rs256,
    path: '/v0/token',
    body: `grant_type=password&${LOGIN}`,
    expects: TOKEN,
  }),
  scenario('newstore refresh, keep, JWT RS256', {
    host: rs256,
    values: from('/v0/token', `grant_type=password&${LOGIN}`, 'refresh_token', 'one'),
    path: '/v0/refresh_token',
    body: 'grant_type=refresh_token&refresh_token={}',
    expects: TOKEN,
  }),
  scenario('JWKS', { host: rs256, method: 'GET', path: '/.well-known/jwks.json', expects: '"keys":' }),
]

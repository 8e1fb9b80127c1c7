/** What peers are asked: the same as Mintkeeper, by the same client, at their own paths. */
import { from, type Scenario, scenario } from '../scenario.ts'
import { ACTIVE, BATCH, CREDENTIALS, TOKEN } from '../scenarios.ts'
import { REFRESH_TOKEN_PATH } from './refresh-token-path.ts'

function peer(name: string, rest: Partial<Scenario>): Scenario {
  return scenario(name, { path: '/token', expects: TOKEN, ...rest })
}

/** What both have. Nobody can log in without a page there: the first refresh tokens are made beside. */
const COMMON = [
  peer('client_credentials, opaque', { body: `${CREDENTIALS}&${BATCH}` }),
  peer('refresh, rotate, opaque', {
    values: from(REFRESH_TOKEN_PATH, '', 'refresh_token', 'carried'),
    body: `grant_type=refresh_token&refresh_token={}&${BATCH}`,
  }),
]

export const OIDC_PROVIDER: readonly Scenario[] = [
  ...COMMON,
  peer('client_credentials, JWT RS256', {
    // RFC 8707: of this one access tokens are JWTs.
    body: `${CREDENTIALS}&resource=urn:bench:jwt&${BATCH}`,
    expects: `${TOKEN}eyJ`,
  }),
  peer('introspection, opaque', {
    values: from('/token', `${CREDENTIALS}&${BATCH}`, 'access_token', 'one'),
    path: '/token/introspection',
    body: `token={}&${BATCH}`,
    expects: ACTIVE,
  }),
]

/** It has no introspection; to look at a bearer's token is the nearest. */
export const OAUTH2_SERVER: readonly Scenario[] = [
  ...COMMON,
  peer('bearer token, opaque', {
    values: from('/token', `${CREDENTIALS}&${BATCH}`, 'access_token', 'one'),
    method: 'GET',
    path: '/token/info',
    headers: { Authorization: 'Bearer {}' },
    expects: '"scope":',
  }),
]

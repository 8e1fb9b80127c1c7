import type { Case } from './case.ts'
import { LOGIN_CASES, REFUSED_LOGIN_CASES } from './spree-login-cases.ts'
import {
  asClient,
  CLIENT,
  clientLogin,
  DOCUMENT,
  type Draft,
  get,
  info,
  introspect,
  login,
  post,
  RECORDED,
  REVOKE,
  refresh,
  refreshed,
  TOKEN,
} from './spree-requests.ts'
import { WRONG } from './wrong-values.ts'

const CLIENT_CREDENTIALS: readonly Draft[] = [
  {
    name: 'client-credentials-json',
    asks: 'client credentials as JSON',
    source: `${DOCUMENT}, Create Platform API Application Token`,
    request: { ...post(TOKEN, asClient({ scope: '{{scope}}' })), encoding: 'json' },
    succeeds: true,
  },
  {
    name: 'client-credentials',
    asks: 'client credentials as a form',
    source: `${RECORDED}, client_credentials/form, scope admin`,
    request: post(TOKEN, asClient({ scope: '{{scope}}' })),
    succeeds: true,
  },
  {
    name: 'client-credentials-without-scope',
    asks: 'client credentials without a scope',
    source: `${DOCUMENT}, ClientTokenBody`,
    request: post(TOKEN, asClient({})),
    succeeds: true,
  },
  {
    name: 'client-credentials-missing-secret',
    asks: 'client credentials without the secret',
    source: `${RECORDED}, client_credentials/secret missing`,
    request: post(TOKEN, { grant_type: 'client_credentials', client_id: '{{client_id}}' }),
  },
  {
    name: 'client-credentials-unknown-client',
    asks: 'client credentials of a client nobody knows',
    source: `${RECORDED}, client_credentials/unknown client`,
    request: post(TOKEN, { grant_type: 'client_credentials', client_id: WRONG, client_secret: WRONG }),
  },
]

const REFRESHES: readonly Draft[] = [
  {
    name: 'refresh-json',
    asks: 'a refresh as JSON',
    source: `${DOCUMENT}, Refresh a Token`,
    before: [login],
    request: { ...post(TOKEN, refresh('login')), encoding: 'json' },
    succeeds: true,
  },
  {
    name: 'refresh',
    asks: 'a refresh as a form',
    source: `${RECORDED}, refresh/form, token without client`,
    before: [login],
    request: post(TOKEN, refresh('login')),
    succeeds: true,
  },
  {
    name: 'refresh-again',
    asks: 'a second refresh with the same refresh token, whose successor was introspected',
    source: `${RECORDED}, refresh/introspecting the new access token does not count as use`,
    before: [login, refreshed, { name: 'introspection', request: introspect('{{refresh.access_token}}') }],
    request: post(TOKEN, refresh('login')),
    // Not that it must succeed: there are servers that take a refresh token once.
    countsDown: true,
  },
  {
    name: 'refresh-after-successor',
    asks: 'a second refresh with the same refresh token, whose successor was refreshed',
    source: `${RECORDED}, refresh/using the new refresh token does not kill the older one, …`,
    before: [login, refreshed, { name: 'second refresh', request: post(TOKEN, refresh('refresh')) }],
    request: post(TOKEN, refresh('login')),
  },
  {
    name: 'refresh-of-client',
    asks: "a refresh of a client's token",
    source: `${RECORDED}, refresh/client's token, same client`,
    before: [clientLogin],
    request: post(TOKEN, { ...refresh('login'), ...CLIENT }),
    succeeds: true,
  },
  {
    name: 'refresh-without-client',
    asks: "a refresh of a client's token by nobody",
    source: `${RECORDED}, refresh/client's token, no client`,
    before: [clientLogin],
    request: post(TOKEN, refresh('login')),
  },
  {
    name: 'refresh-with-scope',
    asks: 'a refresh with a scope, of a token that has none',
    source: `${RECORDED}, refresh/scope asked, token has none`,
    before: [login],
    request: post(TOKEN, { ...refresh('login'), scope: '{{scope}}' }),
  },
  {
    name: 'refresh-after-revocation',
    asks: 'a refresh with a token that was revoked',
    source: `${RECORDED}, refresh/after revocation`,
    before: [login, { name: 'revocation', request: post(REVOKE, { token: '{{login.access_token}}' }) }],
    request: post(TOKEN, refresh('login')),
  },
  {
    name: 'refresh-unknown',
    asks: 'a refresh with a token nobody knows',
    source: `${RECORDED}, refresh/unknown token, json`,
    request: {
      ...post(TOKEN, { grant_type: 'refresh_token', refresh_token: WRONG }),
      encoding: 'json',
    },
  },
]

const OTHER_ENDPOINTS: readonly Draft[] = [
  {
    name: 'info',
    asks: "token info of a user's token",
    source: `${RECORDED}, info/user token of a client`,
    before: [clientLogin],
    request: info('{{login.access_token}}'),
    succeeds: true,
    countsDown: true,
  },
  {
    name: 'info-with-refresh-token',
    asks: 'token info of a refresh token, which is no access token',
    source: `${RECORDED}, info/refresh token is no access token`,
    before: [login],
    request: info('{{login.refresh_token}}'),
  },
  {
    name: 'info-without-token',
    asks: 'token info of nothing',
    source: `${RECORDED}, info/no token`,
    request: get('/spree_oauth/token/info'),
  },
  {
    name: 'info-after-revocation',
    asks: 'token info of a token that was revoked',
    source: `${RECORDED}, info/revoked token`,
    before: [login, { name: 'revocation', request: post(REVOKE, { token: '{{login.access_token}}' }) }],
    request: info('{{login.access_token}}'),
  },
  {
    name: 'introspect',
    asks: 'introspection by the client the token belongs to',
    source: `${RECORDED}, introspect/client, its own token`,
    before: [clientLogin],
    request: introspect('{{login.access_token}}'),
    succeeds: true,
  },
  {
    name: 'introspect-clientless',
    asks: 'introspection of a token that belongs to no client',
    source: `${RECORDED}, introspect/client, token without client`,
    before: [login],
    request: introspect('{{login.access_token}}'),
    succeeds: true,
  },
  {
    name: 'introspect-unknown',
    asks: 'introspection of a token nobody knows',
    source: `${RECORDED}, introspect/client, unknown token`,
    request: introspect(WRONG),
    succeeds: true,
  },
  {
    name: 'introspect-unknown-client',
    asks: 'introspection by a client nobody knows',
    source: `${RECORDED}, introspect/wrong client`,
    before: [login],
    request: post('/spree_oauth/introspect', {
      token: '{{login.access_token}}',
      client_id: WRONG,
      client_secret: WRONG,
    }),
  },
  {
    name: 'introspect-without-client',
    asks: 'introspection by nobody',
    source: `${RECORDED}, introspect/no authorization`,
    before: [login],
    request: post('/spree_oauth/introspect', { token: '{{login.access_token}}' }),
  },
  {
    name: 'revoke',
    asks: 'a revocation',
    source: `${RECORDED}, revoke/access token, no client`,
    before: [login],
    request: post(REVOKE, { token: '{{login.access_token}}' }),
    succeeds: true,
  },
  {
    name: 'revoke-unknown',
    asks: 'a revocation of a token nobody knows',
    source: `${RECORDED}, revoke/unknown token`,
    request: post(REVOKE, { token: WRONG }),
    succeeds: true,
  },
  {
    name: 'revoke-without-client',
    asks: "a revocation of a client's token by nobody",
    source: `${RECORDED}, revoke/client's token, no client`,
    before: [clientLogin],
    request: post(REVOKE, { token: '{{login.access_token}}' }),
  },
]

/**
 * The requests of Spree's document and of the recorded Doorkeeper, and what it refuses. A login that must fail is
 * followed by one that succeeds, so that no server has a reason to block the user.
 */
export const SPREE_CASES: readonly Case[] = [
  ...LOGIN_CASES,
  ...REFUSED_LOGIN_CASES,
  ...CLIENT_CREDENTIALS,
  ...REFRESHES,
  ...OTHER_ENDPOINTS,
].map((draft) => ({ before: [], succeeds: false, ...draft }))

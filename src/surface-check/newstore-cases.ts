import type { Case, RequestTemplate, Step } from './case.ts'
import { NOBODY, WRONG } from './wrong-values.ts'

/** What a case leaves at its default: it needs nothing before, and is refused. */
type Draft = Pick<Case, 'name' | 'asks' | 'source' | 'request'> & Partial<Case>

const DOCUMENT = 'Token API v0'
const DOCUMENTATION = "NewStore's documentation of the Token API v0"

const TOKEN = '/v0/token'
const REFRESH = '/v0/refresh_token'

const CREDENTIALS = { username: '{{username}}', password: '{{password}}' }
const LOGIN = { grant_type: 'password', ...CREDENTIALS }

/** A login as it stands in a form, for what no record of parameters can say. */
const LOGIN_FORM = 'grant_type=password&username={{username}}&password={{password}}'

function post(path: string, parameters: Readonly<Record<string, string>>): RequestTemplate {
  return { method: 'POST', path, parameters }
}

const login: Step = { name: 'login', request: post(TOKEN, LOGIN) }

/** The parameters of a refresh. */
function refresh(token: string) {
  return { grant_type: 'refresh_token', refresh_token: token }
}

const firstRefresh: Step = { name: 'refresh', request: post(REFRESH, refresh('{{login.refresh_token}}')) }

const DRAFTS: readonly Draft[] = [
  {
    name: 'password',
    asks: 'a login',
    source: `${DOCUMENT}, GetAccessToken, 200`,
    request: post(TOKEN, LOGIN),
    succeeds: true,
    provesUser: true,
  },
  {
    name: 'wrong-password',
    asks: 'a login with a wrong password',
    source: `${DOCUMENT}, GetAccessToken, 403`,
    request: post(TOKEN, { ...LOGIN, password: WRONG }),
  },
  {
    name: 'password-json',
    asks: 'a login as JSON',
    source: DOCUMENTATION,
    request: { ...post(TOKEN, LOGIN), encoding: 'json' },
    succeeds: true,
  },
  {
    name: 'unknown-user',
    asks: 'a login of nobody',
    source: `${DOCUMENT}, GetAccessToken, 403`,
    request: post(TOKEN, { ...LOGIN, username: NOBODY }),
  },
  {
    name: 'password-with-more',
    asks: 'a login with parameters that are not documented',
    source: 'RFC 6749 §3.2: unrecognized request parameters are ignored',
    request: post(TOKEN, { ...LOGIN, client_id: 'unknown', audience: 'unknown' }),
    succeeds: true,
  },
  {
    name: 'missing-username',
    asks: 'a login without a user name',
    source: `${DOCUMENT}, GetAccessToken, 400: missing fields`,
    request: post(TOKEN, { grant_type: 'password', password: WRONG }),
  },
  {
    name: 'missing-password',
    asks: 'a login without a password',
    source: `${DOCUMENT}, GetAccessToken, 400: missing fields`,
    request: post(TOKEN, { grant_type: 'password', username: NOBODY }),
  },
  {
    name: 'empty-password',
    asks: 'a login with an empty password',
    source: `${DOCUMENT}, GetAccessToken, 400: empty fields`,
    request: post(TOKEN, { grant_type: 'password', username: NOBODY, password: '' }),
  },
  {
    name: 'missing-grant-type',
    asks: 'a login without grant_type',
    source: `${DOCUMENT}, GetAccessToken, 400: missing fields`,
    request: post(TOKEN, { username: NOBODY, password: WRONG }),
  },
  {
    name: 'unsupported-grant-type',
    asks: 'client credentials, which the document does not list',
    source: `${DOCUMENT}, GetAccessToken, grant_type`,
    request: post(TOKEN, { grant_type: 'client_credentials' }),
  },
  {
    name: 'empty-body',
    asks: 'a login with nothing in it',
    source: `${DOCUMENT}, GetAccessToken, 400: missing fields`,
    request: { method: 'POST', path: TOKEN, text: '' },
  },
  {
    name: 'malformed-json',
    asks: 'a body that ends too early',
    source: `${DOCUMENT}, GetAccessToken, 400: syntactically incorrect`,
    request: { method: 'POST', path: TOKEN, encoding: 'json', text: '{"grant_type":' },
  },
  {
    name: 'wrong-content-type',
    asks: 'a login as text/plain',
    source: `${DOCUMENT}, GetAccessToken, requestBody`,
    request: { ...post(TOKEN, LOGIN), headers: { 'Content-Type': 'text/plain' } },
  },
  {
    name: 'parameter-twice',
    asks: 'a login with grant_type twice',
    source: 'RFC 6749 §3.2: parameters must not be included more than once',
    request: { method: 'POST', path: TOKEN, text: `grant_type=password&${LOGIN_FORM}` },
  },
  {
    name: 'password-in-query',
    asks: 'a login with a parameter password in the query',
    source: `${DOCUMENT}, GetAccessToken, 400: password query parameter`,
    request: post(`${TOKEN}?password=${WRONG}`, LOGIN),
  },
  {
    name: 'method-get',
    asks: 'GET in place of POST',
    source: `${DOCUMENT}, /token`,
    request: { method: 'GET', path: TOKEN },
  },
  {
    name: 'refresh',
    asks: 'a refresh',
    source: `${DOCUMENT}, RefreshAccessToken, 200`,
    before: [login],
    request: post(REFRESH, refresh('{{login.refresh_token}}')),
    succeeds: true,
  },
  {
    name: 'refresh-json',
    asks: 'a refresh as JSON',
    source: DOCUMENTATION,
    before: [login],
    request: { ...post(REFRESH, refresh('{{login.refresh_token}}')), encoding: 'json' },
    succeeds: true,
  },
  {
    name: 'refresh-again',
    asks: 'a second refresh with the same refresh token',
    source: `${DOCUMENT}, RefreshAccessToken, 200: the example answers the token it was sent`,
    before: [login, firstRefresh],
    request: post(REFRESH, refresh('{{login.refresh_token}}')),
    // Not that it must succeed: there are servers that take a refresh token once.
    countsDown: true,
  },
  {
    name: 'refresh-unknown',
    asks: 'a refresh with a token nobody knows',
    source: `${DOCUMENT}, RefreshAccessToken, 403`,
    request: post(REFRESH, refresh(WRONG)),
  },
  {
    name: 'refresh-with-access-token',
    asks: 'a refresh with an access token',
    source: `${DOCUMENT}, RefreshAccessToken, 403`,
    before: [login],
    request: post(REFRESH, refresh('{{login.access_token}}')),
  },
  {
    name: 'refresh-missing-token',
    asks: 'a refresh without a refresh token',
    source: `${DOCUMENT}, RefreshAccessToken, 400: missing fields`,
    request: post(REFRESH, { grant_type: 'refresh_token' }),
  },
  {
    name: 'refresh-empty-token',
    asks: 'a refresh with an empty refresh token',
    source: `${DOCUMENT}, RefreshAccessToken, 400: empty fields`,
    request: post(REFRESH, refresh('')),
  },
  {
    name: 'refresh-missing-grant-type',
    asks: 'a refresh without grant_type',
    source: `${DOCUMENT}, RefreshAccessToken, 400: missing fields`,
    request: post(REFRESH, { refresh_token: WRONG }),
  },
  {
    name: 'refresh-wrong-grant-type',
    asks: 'a login at the path for refreshes',
    source: `${DOCUMENT}, RefreshAccessToken, grant_type`,
    request: post(REFRESH, LOGIN),
  },
  {
    name: 'refresh-password-in-query',
    asks: 'a refresh with a parameter password in the query',
    source: `${DOCUMENT}, RefreshAccessToken, 400: password query parameter`,
    before: [login],
    request: post(`${REFRESH}?password=${WRONG}`, refresh('{{login.refresh_token}}')),
  },
  {
    name: 'refresh-method-get',
    asks: 'GET in place of POST, at the path for refreshes',
    source: `${DOCUMENT}, /refresh_token`,
    request: { method: 'GET', path: REFRESH },
  },
]

/**
 * The requests of NewStore's Token API v0, and what it refuses. A login that must fail is followed by one that succeeds,
 * so that no server has a reason to block the user.
 */
export const NEWSTORE_CASES: readonly Case[] = DRAFTS.map((draft) => ({
  before: [],
  succeeds: false,
  ...draft,
}))

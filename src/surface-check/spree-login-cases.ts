import { CLIENT, DOCUMENT, type Draft, get, LOGIN, post, RECORDED, TOKEN } from './spree-requests.ts'
import { NOBODY, WRONG } from './wrong-values.ts'

export const LOGIN_CASES: readonly Draft[] = [
  {
    name: 'password-json',
    asks: 'a login as JSON',
    source: `${DOCUMENT}, Create Storefront API User Token`,
    request: { ...post(TOKEN, LOGIN), encoding: 'json' },
    succeeds: true,
    provesUser: true,
  },
  {
    name: 'wrong-password',
    asks: 'a login with a wrong password',
    source: `${RECORDED}, password/wrong password`,
    request: post(TOKEN, { ...LOGIN, password: WRONG }),
  },
  {
    name: 'password',
    asks: 'a login as a form',
    source: `${RECORDED}, refresh/form, token without client`,
    request: post(TOKEN, LOGIN),
    succeeds: true,
  },
  {
    name: 'unknown-user',
    asks: 'a login of nobody',
    source: `${RECORDED}, password/unknown user`,
    request: post(TOKEN, { ...LOGIN, username: NOBODY }),
  },
  {
    name: 'password-multipart',
    asks: 'a login as multipart/form-data',
    source: `${RECORDED}, password/multipart`,
    request: { ...post(TOKEN, LOGIN), encoding: 'multipart' },
    succeeds: true,
  },
  {
    name: 'password-xml',
    asks: 'a login as XML',
    source: `${DOCUMENT}, application/xml`,
    request: { ...post(TOKEN, LOGIN), encoding: 'xml' },
    succeeds: true,
  },
  {
    name: 'password-with-scope',
    asks: 'a login with a scope',
    source: `${RECORDED}, scope/admin, no client, user is an admin`,
    request: post(TOKEN, { ...LOGIN, scope: '{{scope}}' }),
    succeeds: true,
  },
  {
    name: 'password-with-null-scope',
    asks: 'a login as JSON whose scope is null',
    source: `${DOCUMENT}, CreateTokenBody: scope is nullable`,
    request: {
      method: 'POST',
      path: TOKEN,
      encoding: 'json',
      text: '{"grant_type":"password","username":"{{username}}","password":"{{password}}","scope":null}',
    },
    succeeds: true,
  },
  {
    name: 'password-of-client-without-scope',
    asks: 'a login by a client, as a form',
    source: `${RECORDED}, scope/none asked, client with scope admin`,
    request: post(TOKEN, { ...LOGIN, ...CLIENT }),
    succeeds: true,
    provesClient: true,
  },
  {
    name: 'password-of-client',
    asks: 'a login with a scope, by a client',
    source: `${DOCUMENT}, Create Platform API User Token`,
    request: { ...post(TOKEN, { ...CLIENT, ...LOGIN, scope: '{{scope}}' }), encoding: 'json' },
    succeeds: true,
  },
  {
    name: 'password-of-client-by-basic',
    asks: 'a login by a client that authenticates by Basic',
    source: `${RECORDED}, client/Basic`,
    request: { ...post(TOKEN, LOGIN), headers: { Authorization: 'Basic {{client_id}}:{{client_secret}}' } },
    succeeds: true,
  },
  {
    name: 'password-beside-bearer',
    asks: 'a login beside a bearer token nobody knows',
    source: `${RECORDED}, bearer at token endpoint/unknown`,
    request: { ...post(TOKEN, LOGIN), headers: { Authorization: `Bearer ${WRONG}` } },
    succeeds: true,
  },
]

export const REFUSED_LOGIN_CASES: readonly Draft[] = [
  {
    name: 'missing-password',
    asks: 'a login without a password',
    source: `${RECORDED}, password/password missing`,
    // Servers may count it as a wrong password.
    request: post(TOKEN, { grant_type: 'password', username: NOBODY }),
  },
  {
    name: 'unknown-scope',
    asks: 'a login with a scope that does not exist',
    source: `${RECORDED}, scope/unknown scope`,
    request: post(TOKEN, { ...LOGIN, scope: WRONG }),
  },
  {
    name: 'unknown-client',
    asks: 'a login by a client nobody knows',
    source: `${RECORDED}, client/unknown client_id`,
    request: post(TOKEN, { ...LOGIN, client_id: WRONG, client_secret: WRONG }),
  },
  {
    name: 'missing-secret',
    asks: 'a login by a client without its secret',
    source: `${RECORDED}, client/secret missing (confidential client)`,
    request: post(TOKEN, { ...LOGIN, client_id: '{{client_id}}' }),
  },
  {
    name: 'wrong-secret-by-basic',
    asks: 'a login by a client with a wrong secret, by Basic',
    source: `${RECORDED}, client/Basic, wrong secret`,
    request: { ...post(TOKEN, LOGIN), headers: { Authorization: `Basic {{client_id}}:${WRONG}` } },
  },
  {
    name: 'missing-grant-type',
    asks: 'a request without grant_type',
    source: `${RECORDED}, grant_type/missing`,
    request: post(TOKEN, { username: NOBODY, password: WRONG }),
  },
  {
    name: 'missing-grant-type-with-state',
    asks: 'a request with state and without grant_type',
    source: `${RECORDED}, grant_type/missing, with state`,
    request: post(TOKEN, { state: 'xyz' }),
  },
  {
    name: 'unsupported-grant-type',
    asks: 'a grant type that does not exist',
    source: `${RECORDED}, grant_type/unknown`,
    request: post(TOKEN, { grant_type: 'foo' }),
  },
  {
    name: 'empty-body',
    asks: 'a request with nothing in it',
    source: `${RECORDED}, grant_type/missing, empty body`,
    request: { method: 'POST', path: TOKEN, text: '' },
  },
  {
    name: 'malformed-json',
    asks: 'a body that ends too early',
    source: `${RECORDED}, json/malformed, Accept application/json`,
    request: { method: 'POST', path: TOKEN, encoding: 'json', text: '{"grant_type":' },
  },
  {
    name: 'wrong-content-type',
    asks: 'a login as text/plain',
    source: `${RECORDED}, password/form body as text/plain`,
    request: { ...post(TOKEN, LOGIN), headers: { 'Content-Type': 'text/plain' } },
  },
  {
    name: 'password-in-query',
    asks: 'a login with other parameters in the query',
    source: `${RECORDED}, duplicate/query against body: body counts`,
    request: post(`${TOKEN}?grant_type=foo&password=${WRONG}`, LOGIN),
  },
  {
    name: 'method-get',
    asks: 'GET in place of POST',
    source: `${RECORDED}, method/GET token, Accept application/json`,
    request: get(TOKEN),
  },
]

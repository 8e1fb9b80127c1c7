/** What has to be true of Mintkeeper whatever it is put into. */
import { expect } from 'vitest'
import {
  DOCUMENT_CLIENT,
  NEWSTORE_USER,
  OPAQUE_CLIENT,
  RESOURCE_SERVER,
  SPREE_USER,
  STOREFRONT,
} from '../clients/tenant.ts'
import { type Answer, basic, FORM, form, JSON_BODY, json, type Send } from './exchange.ts'

export const ISSUER = 'https://auth.example.com/'
const REALM = '/auth/realms/dodici/protocol/openid-connect'

/** A name, and what is done and expected. */
type Case = readonly [name: string, run: (send: Send) => Promise<void>]

const NEWSTORE_LOGIN = { grant_type: 'password', ...NEWSTORE_USER }
const SPREE_LOGIN = { grant_type: 'password', ...SPREE_USER }

const LARGE = 'x'.repeat(70 * 1024)

/** For hosts that hand over bodies as they are, and those that have parsed them. */
export const CASES: readonly Case[] = [
  [
    'newstore: login by form and by JSON, refresh',
    async (send) => {
      for (const request of [form('/v0/token', NEWSTORE_LOGIN), json('/v0/token', NEWSTORE_LOGIN)]) {
        const first = tokenOf(await send(request))
        expect(Object.keys(first)).toHaveLength(5)
        const refresh = { grant_type: 'refresh_token', refresh_token: first.refresh_token }
        expect(tokenOf(await send(form('/v0/refresh_token', refresh))).refresh_token).toBe(
          first.refresh_token,
        )
      }
    },
  ],
  [
    'newstore: headers of an answer and of an error',
    async (send) => {
      for (const form_ of [NEWSTORE_LOGIN, { ...NEWSTORE_LOGIN, password: 'wrong' }]) {
        const answer = await send(form('/v0/token', form_))
        expect(headersOf(answer)).toMatchObject({
          'content-type': 'application/json;charset=UTF-8',
          'cache-control': 'no-store',
          pragma: 'no-cache',
          deprecation: '@1704672000',
          'x-newstore-request-id': expect.stringMatching(/^[0-9a-f-]{36}$/),
        })
        expect(answer.headers.get('link')).toContain('rel="successor-version"')
      }
    },
  ],
  [
    'newstore: 403, 400 and a password in the query',
    async (send) => {
      const wrong = await send(form('/v0/token', { ...NEWSTORE_LOGIN, password: 'wrong' }))
      expect(wrong.status).toBe(403)
      expect(JSON.parse(wrong.body)).toEqual({
        status: 403,
        message: 'Authentication failed',
        request_id: wrong.headers.get('x-newstore-request-id'),
      })
      const missing = await send(form('/v0/token', { grant_type: 'password' }))
      expect([missing.status, JSON.parse(missing.body).message]).toEqual([400, 'Authentication failed'])
      const query = await send(form('/v0/token?password=secret', NEWSTORE_LOGIN))
      expect([query.status, query.body]).toEqual([
        400,
        '{"message":"query parameter password is not allowed."}',
      ])
    },
  ],
  [
    'spree: login by form and by JSON, refresh, token info, introspection, revocation',
    async (send) => {
      for (const request of [
        form('/spree_oauth/token', SPREE_LOGIN),
        json('/spree_oauth/token', SPREE_LOGIN),
      ]) {
        const first = tokenOf(await send(request))
        const refresh = { grant_type: 'refresh_token', refresh_token: first.refresh_token }
        const second = tokenOf(await send(json('/spree_oauth/token', refresh)))
        const info = await send(tokenInfo(second.access_token))
        expect([info.status, JSON.parse(info.body).resource_owner_id]).toEqual([200, 1])
        const ask = () =>
          send(form('/spree_oauth/introspect', { token: second.access_token }, basic(DOCUMENT_CLIENT)))
        expect(JSON.parse((await ask()).body)).toMatchObject({ active: true, client_id: null })
        const revoked = await send(json('/spree_oauth/revoke', { token: second.refresh_token }))
        expect([revoked.status, revoked.body]).toEqual([200, '{}'])
        expect(JSON.parse((await ask()).body)).toEqual({ active: false })
        expect((await send(tokenInfo(second.access_token))).status).toBe(401)
      }
    },
  ],
  [
    'spree: an error has its challenge',
    async (send) => {
      const answer = await send(json('/spree_oauth/token', { ...SPREE_LOGIN, password: 'wrong' }))
      expect(answer.status).toBe(400)
      expect(JSON.parse(answer.body).error).toBe('invalid_grant')
      expect(answer.headers.get('www-authenticate')).toMatch(
        /^Bearer realm="Doorkeeper", error="invalid_grant"/,
      )
    },
  ],
  [
    'standard and realm: client credentials, introspection, revocation',
    async (send) => {
      for (const [token, introspect, revoke] of [
        ['/oauth/token', '/oauth/introspect', '/oauth/revoke'],
        [`${REALM}/token`, `${REALM}/token/introspect`, `${REALM}/revoke`],
      ] as const) {
        const grant = { grant_type: 'client_credentials' }
        const { access_token } = tokenOf(await send(form(token, grant, basic(OPAQUE_CLIENT))))
        const ask = async () =>
          JSON.parse((await send(form(introspect, { token: access_token }, basic(RESOURCE_SERVER)))).body)
        expect(await ask()).toMatchObject({ active: true, client_id: OPAQUE_CLIENT.id })
        const credentials = { client_id: OPAQUE_CLIENT.id, client_secret: OPAQUE_CLIENT.secret }
        expect((await send(form(revoke, { token: access_token, ...credentials }))).status).toBe(200)
        expect(await ask()).toEqual({ active: false })
      }
    },
  ],
  [
    'standard: a public client logs a user in and refreshes',
    async (send) => {
      const client = { client_id: STOREFRONT.id }
      const first = tokenOf(
        await send(form('/oauth/token', { grant_type: 'password', ...NEWSTORE_USER, ...client })),
      )
      const refresh = { grant_type: 'refresh_token', refresh_token: first.refresh_token, ...client }
      expect(tokenOf(await send(form('/oauth/token', refresh))).scope).toBe('orders:read')
    },
  ],
  [
    'standard: a refused client is challenged',
    async (send) => {
      const wrong = basic({ ...DOCUMENT_CLIENT, secret: 'wrong' })
      const answer = await send(form('/oauth/token', { grant_type: 'client_credentials' }, wrong))
      expect(answer.status).toBe(401)
      expect(answer.headers.get('www-authenticate')).toBe('Basic realm="oauth", charset="UTF-8"')
      expect(JSON.parse(answer.body).error).toBe('invalid_client')
    },
  ],
  [
    'metadata and keys',
    async (send) => {
      const metadata = await send({ method: 'GET', path: '/.well-known/oauth-authorization-server' })
      expect(JSON.parse(metadata.body)).toMatchObject({
        issuer: ISSUER,
        token_endpoint: `${ISSUER}oauth/token`,
      })
      const realm = await send({
        method: 'GET',
        path: '/auth/realms/dodici/.well-known/openid-configuration',
      })
      expect(JSON.parse(realm.body).issuer).toBe(`${ISSUER}auth/realms/dodici`)
      const jwks = await send({ method: 'GET', path: '/.well-known/jwks.json' })
      expect(jwks.headers.get('content-type')).toBe('application/jwk-set+json')
      expect(JSON.parse(jwks.body).keys.length).toBeGreaterThan(0)
    },
  ],
  [
    'another method is 405 with Allow',
    async (send) => {
      for (const method of ['GET', 'DELETE'] as const) {
        const answer = await send({ method, path: '/oauth/token' })
        expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'POST'])
      }
    },
  ],
  [
    'a request id that is a UUID is kept, any other is replaced',
    async (send) => {
      const id = '9287978a-6641-410e-b7db-102c22a4f392'
      const kept = await send(form('/oauth/token', {}, { 'x-request-id': id }))
      expect(kept.headers.get('x-request-id')).toBe(id)
      const replaced = await send(form('/oauth/token', {}, { 'x-request-id': 'abc' }))
      expect(replaced.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/)
    },
  ],
  [
    'no body at all is a malformed request',
    async (send) => {
      for (const headers of [{}, FORM]) {
        expect((await send({ path: '/v0/token', headers })).status).toBe(400)
        const standard = await send({
          path: '/oauth/token',
          headers: { ...headers, ...basic(OPAQUE_CLIENT) },
        })
        expect([standard.status, JSON.parse(standard.body).error]).toEqual([400, 'invalid_request'])
      }
    },
  ],
  [
    'a repeated parameter is refused where it has to be, and the last one counts for spree',
    async (send) => {
      const twice = 'grant_type=password&grant_type=client_credentials'
      const refused = await send({
        path: '/oauth/token',
        headers: { ...FORM, ...basic(OPAQUE_CLIENT) },
        body: twice,
      })
      expect([refused.status, JSON.parse(refused.body).error]).toEqual([400, 'invalid_request'])
      const spree = await send({
        path: '/spree_oauth/token',
        headers: { ...FORM, ...basic(DOCUMENT_CLIENT) },
        body: twice,
      })
      expect(tokenOf(spree).token_type).toBe('Bearer')
    },
  ],
  [
    'a parameter that is no text is refused, not guessed at',
    async (send) => {
      const headers = { ...FORM, ...basic(OPAQUE_CLIENT) }
      for (const scope of ['scope[]=orders:read', 'scope[a]=orders:read']) {
        const body = `grant_type=client_credentials&${scope}`
        const answer = await send({ path: '/oauth/token', headers, body })
        expect([answer.status, JSON.parse(answer.body).error]).toEqual([400, 'invalid_request'])
      }
      expect((await send(json('/v0/token', { ...NEWSTORE_LOGIN, password: 7 }))).status).toBe(400)
    },
  ],
  [
    'plus signs, percent signs and letters beyond ASCII arrive as they were sent',
    async (send) => {
      // Were any of them changed on the way, the answer would be 200 for a user that does not exist.
      for (const username of [
        'a+b@example.com',
        'a b@example.com',
        '100%@example.com',
        'jürgen@example.com',
      ]) {
        const login = { grant_type: 'password', username, password: `${username}'s own password &=+%é` }
        expect((await send(form('/v0/token', login))).status).toBe(200)
        expect((await send(json('/v0/token', login))).status).toBe(200)
      }
    },
  ],
  [
    'a body larger than the surface reads is 413 in its shape',
    async (send) => {
      const newstore = await send(form('/v0/token', { ...NEWSTORE_LOGIN, padding: LARGE }))
      expect([newstore.status, JSON.parse(newstore.body).message]).toEqual([413, 'Content Too Large'])
      const standard = await send(form('/oauth/token', { grant_type: 'client_credentials', padding: LARGE }))
      expect([standard.status, JSON.parse(standard.body).error]).toEqual([413, 'invalid_request'])
    },
  ],
  [
    'bytes that are not UTF-8 are 400',
    async (send) => {
      const start = new TextEncoder().encode('grant_type=password&username=a&password=')
      const newstore = await send({ path: '/v0/token', headers: FORM, body: bytes(start, 0xff) })
      expect([newstore.status, JSON.parse(newstore.body).message]).toEqual([400, 'Authentication failed'])
      const text = new TextEncoder().encode('{"grant_type":"client_credentials","a":"')
      const body = bytes(text, 0xc3, 0x28, 0x22, 0x7d)
      const spree = await send({ path: '/spree_oauth/token', headers: JSON_BODY, body })
      expect(spree.status).toBe(400)
    },
  ],
  [
    '40 requests at once',
    async (send) => {
      const answers = await Promise.all(
        Array.from({ length: 40 }, () =>
          send(form('/oauth/token', { grant_type: 'client_credentials' }, basic(OPAQUE_CLIENT))),
        ),
      )
      expect(new Set(answers.map((answer) => tokenOf(answer).access_token)).size).toBe(40)
    },
  ],
]

/** For hosts that hand over bodies as they are. */
export const RAW_CASES: readonly Case[] = [
  [
    'spree: multipart and XML',
    async (send) => {
      const multipart = Object.entries(SPREE_LOGIN)
        .map(([name, value]) => `--cut\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`)
        .join('')
      const parts = { 'content-type': 'multipart/form-data; boundary=cut' }
      tokenOf(await send({ path: '/spree_oauth/token', headers: parts, body: `${multipart}--cut--\r\n` }))
      const xml = Object.entries(SPREE_LOGIN).map(([name, value]) => `<${name}>${value}</${name}>`)
      const headers = { 'content-type': 'application/xml' }
      tokenOf(await send({ path: '/spree_oauth/token', headers, body: `<hash>${xml.join('')}</hash>` }))
    },
  ],
  [
    'broken JSON, and a JSON member that stands twice, are 400',
    async (send) => {
      const body = '{"grant_type":"password","password":"a","password":"b"}'
      for (const text of ['{"grant_type":', '[]', 'null', body]) {
        expect((await send({ path: '/v0/token', headers: JSON_BODY, body: text })).status).toBe(400)
      }
    },
  ],
  [
    'a megabyte is 413 in the shape of the surface, and the next request is answered',
    async (send) => {
      const answer = await send(form('/oauth/token', { padding: 'x'.repeat(1024 * 1024) }))
      expect([answer.status, JSON.parse(answer.body).error]).toEqual([413, 'invalid_request'])
      expect((await send(form('/v0/token', NEWSTORE_LOGIN))).status).toBe(200)
    },
  ],
]

/** The users whose names and passwords are hard to carry. */
export const AWKWARD_USERS = [
  'a+b@example.com',
  'a b@example.com',
  '100%@example.com',
  'jürgen@example.com',
].map((username) => ({ username, password: `${username}'s own password &=+%é` }))

interface Token {
  readonly access_token: string
  readonly refresh_token: string
  readonly token_type: string
  readonly scope: string
}

function tokenOf(answer: Answer): Token {
  expect([answer.status, answer.body]).toEqual([200, expect.stringContaining('access_token')])
  return JSON.parse(answer.body)
}

function headersOf(answer: Answer): Record<string, string> {
  return Object.fromEntries(answer.headers)
}

function tokenInfo(accessToken: string) {
  return {
    method: 'GET',
    path: '/spree_oauth/token/info',
    headers: { authorization: `Bearer ${accessToken}` },
  } as const
}

function bytes(start: Uint8Array, ...rest: readonly number[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(start.length + rest.length)
  all.set(start)
  all.set(rest, start.length)
  return all
}

/** The surface against requests nobody thought of; see newstore.test.ts for the others. */
import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { createFetchHandler } from '../../src/http/edges/fetch.ts'
import { createTurn } from '../../src/http/edges/turn.ts'
import { type ErrorCode, OAuthError } from '../../src/protocol/errors.ts'
import type { TokenRequest } from '../../src/protocol/token.ts'
import { newstore } from '../../src/surfaces/newstore.ts'
import type { TokenRoute } from '../../src/surfaces/surface.ts'
import { TENANT } from '../harness.ts'
import { createNewstore, LOGIN, PASSWORD, USERNAME } from './newstore-exchange.ts'

const [loginRoute, refreshRoute] = newstore.routes.filter((route) => route.endpoint === 'token') as [
  TokenRoute,
  TokenRoute,
]

const { harness } = createNewstore()

beforeAll(async () => {
  await harness.user({ username: USERNAME, password: PASSWORD })
})

const WORDS = [
  'grant_type',
  'password',
  'username',
  'refresh_token',
  'scope',
  USERNAME,
  '__proto__',
  'toString',
]
const text = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...WORDS, '', PASSWORD.slice(1), `${PASSWORD} `) },
  fc.string(),
  fc.string({ unit: 'binary' }),
  fc.constantFrom('%', '%zz', '%00', '\0', '\ud800', '"', '\\', '[]', '&', '=', '{', '\r\n', '\ufeff'),
)

const encoded = fc.oneof(
  text.map((each) => encodeURIComponent(each.toWellFormed())),
  text,
)
const formBody = fc
  .array(fc.tuple(encoded, encoded), { maxLength: 6 })
  .map((pairs) => pairs.map(([name, value]) => `${name}=${value}`).join('&'))
const jsonBody = fc.oneof(
  fc.json(),
  fc.dictionary(text, fc.oneof(text, fc.jsonValue())).map((value) => JSON.stringify(value)),
)
const body = fc.oneof(formBody, jsonBody, fc.string())

const contentType = fc.oneof(
  fc.constantFrom(
    'application/x-www-form-urlencoded',
    'application/json',
    'application/json; charset=utf-8',
    'multipart/form-data; boundary=a',
    'text/xml',
  ),
  fc.string({ unit: 'grapheme-ascii' }),
)
const headers = fc.record(
  {
    'content-type': contentType,
    authorization: fc.string({ unit: 'grapheme-ascii' }),
    'x-newstore-request-id': fc.string({ unit: 'grapheme-ascii' }),
    'content-length': fc.constantFrom('-1', 'x', '1e9', '99999999'),
  },
  { requiredKeys: [] },
)

type HeaderValues = Readonly<Record<string, string | undefined>>

/** Reads headers as an edge would, but without an edge's check that they are valid. */
const reader = (values: HeaderValues) => ({ get: (name: string) => values[name] ?? null })

describe('T133 whatever is sent', () => {
  test('decode answers with a request or throws an OAuthError', () => {
    fc.assert(
      fc.property(headers, body, fc.constantFrom(loginRoute, refreshRoute), (values, text, route) => {
        let request: TokenRequest
        try {
          request = route.decode({ headers: reader(values), body: text }) as TokenRequest
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(OAuthError)
          return
        }
        expect(request.client).toEqual({ method: 'absent' })
        expect(request.grantType).toBe(route === loginRoute ? 'password' : 'refresh_token')
        const required = route === loginRoute ? ['username', 'password'] : ['refresh_token']
        for (const name of required) expect(request.parameters.get(name)).toMatch(/./s)
      }),
      { numRuns: 2000 },
    )
  })

  test('decode reads back what a client encodes', () => {
    const value = fc.string({ unit: 'grapheme', minLength: 1 }).filter((each) => !each.includes('\0'))
    fc.assert(
      fc.property(value, value, fc.boolean(), (username, password, json) => {
        const parameters = { grant_type: 'password', username, password }
        const request = loginRoute.decode({
          headers: reader(json ? { 'content-type': 'application/json' } : {}),
          body: json ? JSON.stringify(parameters) : new URLSearchParams(parameters).toString(),
        }) as TokenRequest
        expect(Object.fromEntries(request.parameters)).toEqual(parameters)
        expect(request.scope).toBeNull()
      }),
    )
  })

  test('there is no token without valid credentials, and no 500', async () => {
    const path = fc.oneof(
      fc.constantFrom('/v0/token', '/v0/token/', '/v0/refresh_token', '/v0/'),
      fc.webPath().map((each) => `/v0${each}`),
    )
    const query = fc.oneof(
      fc.constant(''),
      fc.webQueryParameters().map((each) => `?${each}`),
    )
    const method = fc.constantFrom('POST', 'POST', 'POST', 'GET', 'PUT', 'OPTIONS')
    await fc.assert(
      fc.asyncProperty(method, path, query, headers, body, async (verb, where, search, values, text) => {
        const response = await harness.app.handle(
          { method: verb, url: where + search, headers: reader(values), text: async () => text },
          { host: 'dodici.x.newstore.net', source: null },
        )
        expect(response.status).toBeLessThan(500)
        expect(response.status).toBeGreaterThanOrEqual(400)
        expect(Object.keys(JSON.parse(response.body))).not.toContain('access_token')
        for (const value of Object.values(response.headers)) expect(value).toMatch(/^[\x20-\x7e]*$/)
      }),
      { numRuns: 2000 },
    )
  })

  test('nor for any bytes as a body', async () => {
    const handle = createFetchHandler(harness.app, createTurn())
    const types = fc.constantFrom('application/x-www-form-urlencoded', 'application/json')
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), types, async (bytes, type) => {
        const response = await handle(
          new Request('https://dodici.x.newstore.net/v0/token', {
            method: 'POST',
            headers: { 'content-type': type },
            body: Buffer.from(bytes),
          }),
        )
        expect([400, 403]).toContain(response.status)
      }),
      { numRuns: 500 },
    )
  })

  test('nor for a right request with one thing changed', async () => {
    const right = new URLSearchParams(LOGIN).toString()
    const change = fc.record({
      at: fc.nat(right.length - 1),
      with: fc.string({ unit: 'grapheme-ascii', maxLength: 2 }),
    })
    await fc.assert(
      fc.asyncProperty(change, async ({ at, with: replacement }) => {
        const changed = right.slice(0, at) + replacement + right.slice(at + 1)
        const response = await harness.app.handle(
          { method: 'POST', url: '/v0/token', headers: reader({}), text: async () => changed },
          { host: 'dodici.x.newstore.net', source: null },
        )
        expect(response.status).toBe(isRight(changed) ? 200 : response.status === 400 ? 400 : 403)
      }),
      { numRuns: 500 },
    )
  })
})

/** By somebody else's reading. */
function isRight(text: string): boolean {
  const sent = new URLSearchParams(text)
  return (
    sent.get('grant_type') === 'password' &&
    sent.get('username')?.toLowerCase() === USERNAME &&
    sent.get('password') === PASSWORD
  )
}

describe('errors', () => {
  const CODES: Readonly<Record<ErrorCode, number>> = {
    invalid_request: 400,
    invalid_client: 403,
    invalid_grant: 403,
    unauthorized_client: 403,
    unsupported_grant_type: 400,
    invalid_scope: 400,
    invalid_dpop_proof: 400,
    invalid_token: 403,
    expired_token: 403,
    revoked_token: 403,
    credential_in_query: 400,
    malformed_body: 400,
    gone: 410,
    not_found: 404,
    method_not_allowed: 405,
    content_too_large: 413,
    too_many_requests: 429,
    temporarily_unavailable: 503,
    server_error: 500,
  }
  const MESSAGES: Readonly<Record<number, string>> = {
    400: 'Authentication failed',
    403: 'Authentication failed',
    404: 'Not Found',
    405: 'Method Not Allowed',
    410: 'Gone',
    413: 'Content Too Large',
    429: 'Too Many Requests',
    500: 'Internal Error',
    503: 'Service Unavailable',
  }
  const context = {
    requestId: '18bd4dd5-1312-48a4-b527-32604dc50eeb',
    policy: newstore.policy({}, TENANT),
    endpoint: 'token' as const,
    accept: null,
  }

  test.each(Object.entries(CODES) as [ErrorCode, number][])(
    'R060 R061 R062 R083 %s is %i, to the byte',
    (code, status) => {
      const error = new OAuthError(code, 'a_reason', { description: 'A description.', parameter: 'password' })
      const answer = newstore.encodeError(error, context)
      const message = MESSAGES[status]
      expect(answer).toEqual({
        status,
        headers: {
          'Content-Type': 'application/json;charset=UTF-8',
          'Cache-Control': 'no-store',
          Pragma: 'no-cache',
        },
        body:
          code === 'credential_in_query'
            ? '{"message":"query parameter password is not allowed."}'
            : `{"status":${status},"message":"${message}","request_id":"18bd4dd5-1312-48a4-b527-32604dc50eeb"}`,
      })
    },
  )

  test('R009 the methods that are allowed', () => {
    const error = new OAuthError('method_not_allowed', 'method', { allow: ['POST'] })
    expect(newstore.encodeError(error, context).headers).toMatchObject({ Allow: 'POST' })
  })

  test('R136 when to try again', () => {
    const error = new OAuthError('temporarily_unavailable', 'hash_queue_full', { retryAfter: 2 })
    expect(newstore.encodeError(error, context).headers).toMatchObject({ 'Retry-After': '2' })
  })
})

import { describe, expect, test } from 'vitest'
import { type ErrorCode, OAuthError, type OAuthErrorOptions } from '../../src/protocol/errors.ts'
import type { ActiveToken, TokenInfo } from '../../src/protocol/introspection.ts'
import type { RevocationOutcome, TokenResponse } from '../../src/protocol/token.ts'
import { spree } from '../../src/surfaces/spree.ts'
import type { ErrorContext, Route, SurfaceContext, SurfaceRequest } from '../../src/surfaces/surface.ts'

const FORM = 'application/x-www-form-urlencoded'
const TENANT = { id: 'shop', issuer: 'https://shop.example.com/' }

function route<Endpoint extends Route['endpoint']>(
  endpoint: Endpoint,
): Extract<Route, { endpoint: Endpoint }> {
  const found = spree.routes.find((each) => each.endpoint === endpoint)
  if (found === undefined) throw new Error(`no ${endpoint}`)
  return found as Extract<Route, { endpoint: Endpoint }>
}

function request(body: string, headers: Readonly<Record<string, string>> = {}): SurfaceRequest {
  const all = new Map(Object.entries({ 'content-type': FORM, ...headers }))
  return { headers: { get: (name) => all.get(name) ?? null }, body }
}

function basic(text: string): { authorization: string } {
  return { authorization: `Basic ${Buffer.from(text).toString('base64')}` }
}

const CONTEXT: SurfaceContext = {
  requestId: 'r',
  tenant: 'shop',
  policy: spree.policy({}, TENANT),
}

describe('the routes', () => {
  test('answer with the suffix .json and a slash at the end as well', () => {
    expect(spree.routes.map(({ method, paths }) => [method, ...paths])).toEqual([
      ['POST', '/spree_oauth/token', '/spree_oauth/token.json', '/spree_oauth/token/'],
      ['POST', '/spree_oauth/revoke', '/spree_oauth/revoke.json', '/spree_oauth/revoke/'],
      ['POST', '/spree_oauth/introspect', '/spree_oauth/introspect.json', '/spree_oauth/introspect/'],
      ['GET', '/spree_oauth/token/info', '/spree_oauth/token/info.json', '/spree_oauth/token/info/'],
    ])
  })
})

describe('the policy', () => {
  test('is that of Spree, the way product.md has it', () => {
    expect(spree.policy({}, TENANT)).toMatchObject({
      surface: 'spree',
      issuer: 'https://shop.example.com/',
      grants: ['password', 'client_credentials', 'refresh_token'],
      expiresIn: 7200,
      inheritExpiresIn: true,
      refreshExpiresIn: null,
      refreshIdleExpiresIn: null,
      refresh: 'rotate-on-first-use',
      reuseWindow: 60,
      client: 'optional',
      credentialBeforeClient: true,
      accessToken: 'opaque',
      tokenLength: 43,
      scopes: ['admin', 'write', 'read'],
      unrequestedScope: 'none',
      roleOfScope: { admin: 'admin' },
      refreshTokenScope: null,
      clientCredentialsRefreshToken: true,
      introspectClientless: true,
    })
  })

  test('takes the settings of the tenant', () => {
    const policy = spree.policy({ expiresIn: 60, clientCredentialsRefreshToken: false }, TENANT)
    expect(policy).toMatchObject({ expiresIn: 60, clientCredentialsRefreshToken: false })
  })
})

describe('a token request', () => {
  const decode = async (body: string, headers?: Record<string, string>) => {
    const { parameters, ...rest } = route('token').decode(request(body, headers))
    return { ...rest, parameters: Object.fromEntries(parameters) }
  }

  test('of the password grant', async () => {
    expect(await decode('grant_type=password&username=a%40b&password=c+d&scope=read&state=s&x=y')).toEqual({
      grantType: 'password',
      client: { method: 'absent' },
      parameters: { username: 'a@b', password: 'c d' },
      scope: 'read',
      state: 's',
    })
  })

  test('passes a missing user name or password on as an empty one', async () => {
    expect((await decode('grant_type=password')).parameters).toEqual({ username: '', password: '' })
  })

  test.each(['', 'grant_type', 'grant_type=', 'grant_type=+%09%0A', 'GRANT_TYPE=password'])(
    'has no grant type: %j',
    async (body) => {
      expect((await decode(body)).grantType).toBe('')
    },
  )

  test.each(['', '&refresh_token', '&refresh_token=', '&refresh_token=+%0A'])(
    'has no refresh token: %j',
    async (rest) => {
      expect((await decode(`grant_type=refresh_token${rest}`)).parameters).toEqual({})
    },
  )

  test.each([
    ['grant_type=refresh_token&scopes=read', 'read'],
    ['grant_type=refresh_token&scopes=read&scope=write', 'write'],
    ['grant_type=refresh_token&scopes=read&scope=', ''],
    ['grant_type=password&scopes=read', null],
    ['grant_type=client_credentials&scopes=read', null],
    ['grant_type=refresh_token', null],
  ])('of which scope: %s', async (body, scope) => {
    expect((await decode(body)).scope).toBe(scope)
  })

  test('the last of two parameters counts', async () => {
    expect(await decode('grant_type=a&grant_type=password&username=a&username=')).toMatchObject({
      grantType: 'password',
      parameters: { username: '' },
    })
  })

  test('takes nothing from the prototype of anything', async () => {
    const body = '{"grant_type":"refresh_token","__proto__":{"refresh_token":"x"},"constructor":"y"}'
    expect((await decode(body, { 'content-type': 'application/json' })).parameters).toEqual({})
  })
})

describe('the client of a request', () => {
  test.each([
    ['nothing', '', {}, { method: 'absent' }],
    ['a secret without an id', 'client_secret=s', {}, { method: 'absent' }],
    ['an id', 'client_id=a', {}, { method: 'none', clientId: 'a' }],
    ['an id and an empty secret', 'client_id=a&client_secret=', {}, { method: 'none', clientId: 'a' }],
    ['an empty id', 'client_id=', {}, { method: 'none', clientId: '' }],
    [
      'an id and a secret',
      'client_id=a&client_secret=s',
      {},
      { method: 'client_secret_post', clientId: 'a' },
    ],
    ['Basic', '', basic('a:s'), { method: 'client_secret_basic', clientId: 'a' }],
    ['Basic, not form-encoded', '', basic('a%2B+:s'), { method: 'client_secret_basic', clientId: 'a%2B+' }],
    ['Basic without a secret', '', basic('a:'), { method: 'none', clientId: 'a' }],
    ['Basic and the same id', 'client_id=a', basic('a:s'), { method: 'client_secret_basic', clientId: 'a' }],
    ['Basic and an empty id', 'client_id=', basic('a:s'), { method: 'client_secret_basic', clientId: 'a' }],
    ['Basic with an empty id', '', basic(':s'), { method: 'absent' }],
    ['Basic without a colon', '', basic('a'), { method: 'absent' }],
    [
      'Basic that is not Base64',
      'client_id=b',
      { authorization: 'Basic ***' },
      { method: 'none', clientId: 'b' },
    ],
    ['a bearer', '', { authorization: 'Bearer t' }, { method: 'absent' }],
    ['a bearer and an id', 'client_id=a', { authorization: 'Bearer t' }, { method: 'none', clientId: 'a' }],
    ['another scheme', '', { authorization: 'Digest x' }, { method: 'absent' }],
  ])('%s', async (_, body, headers, client) => {
    const decoded = route('token').decode(request(body, headers))
    expect(decoded.client).toMatchObject(client)
    const revocation = route('revocation').decode(request(body, headers))
    expect(revocation.client).toEqual(decoded.client)
  })

  test('its secret is that of the one mechanism', async () => {
    const revealed = async (body: string, headers = {}) => {
      const { client } = route('token').decode(request(body, headers))
      return 'clientSecret' in client ? client.clientSecret.reveal() : null
    }
    expect(await revealed('client_id=a&client_secret=s%3At')).toBe('s:t')
    expect(await revealed('', basic('a:s:t+%41'))).toBe('s:t+%41')
  })

  test.each(['client_id=b&client_secret=s', 'client_id=b', 'client_id=a&client_secret=s', 'client_secret=t'])(
    'Basic and %s are two identities',
    (body) => {
      for (const endpoint of ['token', 'revocation', 'introspection'] as const) {
        expect(() => route(endpoint).decode(request(body, basic('a:s')))).toThrow(
          expect.objectContaining({ code: 'invalid_request', reason: 'two_client_authentications' }),
        )
      }
    },
  )
})

describe('a revocation request', () => {
  test.each([
    ['token=t&token_type_hint=refresh_token', 't'],
    ['token=', ''],
    ['', null],
  ])('%j', async (body, token) => {
    expect(route('revocation').decode(request(body))).toEqual({ client: { method: 'absent' }, token })
  })
})

describe('an introspection request', () => {
  test('by a client', async () => {
    const decoded = route('introspection').decode(request('token=t&client_id=a&client_secret=s'))
    expect(decoded).toMatchObject({ client: { clientId: 'a' }, bearer: null, token: 't' })
  })

  test('by a bearer', async () => {
    const decoded = route('introspection').decode(request('', { authorization: 'Bearer b' }))
    expect(decoded).toMatchObject({ client: { method: 'absent' }, token: '' })
    expect(decoded.bearer?.reveal()).toBe('b')
  })

  test('by a client, with a bearer beside', async () => {
    const decoded = route('introspection').decode(request('client_id=a', { authorization: 'Bearer b' }))
    expect(decoded).toMatchObject({ client: { clientId: 'a' }, bearer: null })
  })

  test.each([{}, { authorization: 'Basic ***' }, { authorization: 'Bearer' }])('by nobody: %j', (headers) => {
    expect(() => route('introspection').decode(request('token=t', headers))).toThrow(
      expect.objectContaining({ code: 'invalid_request', reason: 'no_authorization' }),
    )
  })
})

describe('a token info request', () => {
  test.each([
    ['Bearer t', 't'],
    ['bearer t', 't'],
    ['Bearer', undefined],
    ['Bearer a b', undefined],
    ['Basic dDp0', undefined],
  ])('%s', (authorization, token) => {
    expect(route('info').decode(request('', { authorization }))?.reveal()).toBe(token)
  })
})

describe('an answer', () => {
  const response: TokenResponse = {
    accessToken: 'a',
    tokenType: 'Bearer',
    expiresIn: 7200,
    refreshToken: 'r',
    scope: ['admin', 'read'],
    issuedAt: 1_581_873_931,
  }
  const json = { 'Content-Type': 'application/json; charset=utf-8' }
  const noStore = { ...json, 'Cache-Control': 'no-store', Pragma: 'no-cache' }
  const railsDefault = { ...json, 'Cache-Control': 'max-age=0, private, must-revalidate' }

  test.each([
    [
      {},
      '{"access_token":"a","token_type":"Bearer","expires_in":7200,"refresh_token":"r","scope":"admin read","created_at":1581873931}',
    ],
    [
      { scope: [] },
      '{"access_token":"a","token_type":"Bearer","expires_in":7200,"refresh_token":"r","created_at":1581873931}',
    ],
    [
      { refreshToken: null, scope: ['read'] },
      '{"access_token":"a","token_type":"Bearer","expires_in":7200,"scope":"read","created_at":1581873931}',
    ],
  ])('of the token endpoint: %j', (change, body) => {
    const answer = route('token').encode({ ...response, ...change }, CONTEXT)
    expect(answer).toEqual({ status: 200, headers: noStore, body })
  })

  test.each<[RevocationOutcome, number, string, Record<string, string>]>([
    ['revoked', 200, '{}', railsDefault],
    ['unknown_token', 200, '{}', railsDefault],
    [
      'token_of_another_client',
      403,
      '{"error":"unauthorized_client","error_description":"You are not authorized to revoke this token"}',
      { ...json, 'Cache-Control': 'no-cache' },
    ],
  ])('to a revocation: %s', (outcome, status, body, headers) => {
    expect(route('revocation').encode(outcome, CONTEXT)).toEqual({ status, headers, body })
  })

  const active: ActiveToken = {
    active: true,
    kind: 'refresh',
    scope: ['admin'],
    clientId: null,
    username: 'spree@example.com',
    subject: '1',
    issuer: 'https://shop.example.com/',
    audience: null,
    issuedAt: 100,
    expiresAt: null,
    accessExpiresAt: 200,
    jwtId: null,
    jkt: null,
    roles: ['admin'],
    claims: { secret: 'x' },
  }

  test.each([
    [{}, '{"active":true,"scope":"admin","client_id":null,"token_type":"Bearer","exp":200,"iat":100}'],
    [
      { scope: [], clientId: 'c', accessExpiresAt: null },
      '{"active":true,"scope":"","client_id":"c","token_type":"Bearer","iat":100}',
    ],
  ])('to an introspection: %j', (change, body) => {
    const answer = route('introspection').encode({ ...active, ...change }, CONTEXT)
    expect(answer).toEqual({ status: 200, headers: railsDefault, body })
  })

  test('to an introspection of a dead token', () => {
    const answer = route('introspection').encode({ active: false }, CONTEXT)
    expect(answer).toEqual({ status: 200, headers: railsDefault, body: '{"active":false}' })
  })

  const info: TokenInfo = { userId: '42', clientId: 'c', scope: ['admin'], expiresIn: 7200, issuedAt: 100 }

  test.each([
    [
      {},
      '{"resource_owner_id":42,"scope":["admin"],"expires_in":7200,"application":{"uid":"c"},"created_at":100,"resource_owner_type":"Spree::User"}',
    ],
    [
      { userId: null, scope: [], expiresIn: null },
      '{"resource_owner_id":null,"scope":[],"expires_in":null,"application":{"uid":"c"},"created_at":100,"resource_owner_type":null}',
    ],
    [
      { userId: 'auth0|1', clientId: null },
      '{"resource_owner_id":"auth0|1","scope":["admin"],"expires_in":7200,"application":{"uid":null},"created_at":100,"resource_owner_type":"Spree::User"}',
    ],
  ])('to token info: %j', (change, body) => {
    const answer = route('info').encode({ ...info, ...change }, CONTEXT)
    expect(answer).toEqual({ status: 200, headers: railsDefault, body })
  })

  test.each([
    ['0', 0],
    ['007', '007'],
    ['9007199254740991', 9007199254740991],
    ['9007199254740993', '9007199254740993'],
    ['', ''],
    ['-1', '-1'],
    ['1e3', '1e3'],
  ])('names the user %j as %j', (userId, expected) => {
    const { body } = route('info').encode({ ...info, userId }, CONTEXT)
    expect(JSON.parse(body).resource_owner_id).toBe(expected)
  })

  test('carries the id of the request', () => {
    expect(spree.headers({ requestId: 'r', policy: null })).toEqual({ 'X-Request-Id': 'r' })
  })
})

describe('an error', () => {
  const context: ErrorContext = { requestId: 'r', policy: null, endpoint: 'token', accept: null }
  const encode = (
    code: ErrorCode,
    reason = 'x',
    options: OAuthErrorOptions = {},
    change: Partial<ErrorContext> = {},
  ) => spree.encodeError(new OAuthError(code, reason, options), { ...context, ...change })

  const json = {
    'Content-Type': 'application/json; charset=utf-8',
    'Cache-Control': 'no-store',
    Pragma: 'no-cache',
  }

  test.each<[ErrorCode, number, string, string, Record<string, string>?]>([
    [
      'invalid_request',
      400,
      'invalid_request',
      'The request is missing a required parameter, includes an unsupported parameter value, or is otherwise malformed.',
    ],
    [
      'invalid_client',
      401,
      'invalid_client',
      'Client authentication failed due to unknown client, no client authentication included, or unsupported authentication method.',
    ],
    [
      'invalid_grant',
      400,
      'invalid_grant',
      'The provided authorization grant is invalid, expired, revoked, does not match the redirection URI used in the authorization request, or was issued to another client.',
    ],
    [
      'unauthorized_client',
      401,
      'unauthorized_client',
      'The client is not authorized to perform this request using this method.',
    ],
    [
      'unsupported_grant_type',
      400,
      'unsupported_grant_type',
      'The authorization grant type is not supported by the authorization server.',
    ],
    ['invalid_scope', 400, 'invalid_scope', 'The requested scope is invalid, unknown, or malformed.'],
    ['credential_in_query', 400, 'invalid_request', 'Credentials must not be sent in the query string.'],
    ['content_too_large', 413, 'invalid_request', 'The request body is too large.'],
    [
      'temporarily_unavailable',
      503,
      'temporarily_unavailable',
      'The authorization server is currently unable to handle the request due to a temporary overloading or maintenance of the server.',
      { 'Retry-After': '2' },
    ],
    [
      'server_error',
      500,
      'server_error',
      'The authorization server encountered an unexpected condition which prevented it from fulfilling the request.',
    ],
  ])('%s in the form of Doorkeeper', (code, status, error, text, headers = {}) => {
    const challenge = `Bearer realm="Doorkeeper", error="${error}", error_description="${text}"`
    const known = status === 400 || status === 401
    const description = code === 'invalid_request' ? {} : { description: 'not on the wire' }
    const retryAfter = code === 'temporarily_unavailable' ? { retryAfter: 2 } : {}
    expect(encode(code, 'x', { ...description, ...retryAfter })).toEqual({
      status,
      headers: { ...json, ...(known && { 'WWW-Authenticate': challenge }), ...headers },
      body: `{"error":"${error}","error_description":"${text}"}`,
    })
    // RFC 6749 §5.2: %x20-21 / %x23-5B / %x5D-7E
    expect(text).toMatch(/^[\x20\x21\x23-\x5b\x5d-\x7e]+$/)
  })

  test.each<[ErrorCode, number, string, OAuthErrorOptions, Record<string, string>]>([
    ['malformed_body', 400, 'Bad Request', {}, {}],
    ['not_found', 404, 'Not Found', {}, {}],
    ['method_not_allowed', 405, 'Method Not Allowed', { allow: ['GET', 'POST'] }, { Allow: 'GET, POST' }],
  ])('%s in the form of Rails', (code, status, text, options, headers) => {
    expect(encode(code, 'x', options)).toEqual({
      status,
      headers: { 'Content-Type': 'text/html; charset=UTF-8', ...headers },
      body: '',
    })
    expect(encode(code, 'x', options, { accept: 'application/json' })).toEqual({
      status,
      headers: { 'Content-Type': 'application/json; charset=UTF-8', ...headers },
      body: `{"status":${status},"error":"${text}"}`,
    })
  })

  test.each([
    [null, false],
    ['', false],
    ['*/*', false],
    ['text/html', false],
    ['text/html, application/json', false],
    ['application/json, text/plain, */*', false],
    ['*/*,application/json', false],
    ['application/json', true],
    ['Application/JSON; q=1', true],
    [' application/json, text/plain', true],
    ['text/x-json', true],
  ])('to a client that accepts %j is JSON: %j', (accept, expected) => {
    const { body } = encode('not_found', 'x', {}, { accept })
    expect(body !== '').toBe(expected)
  })

  const invalidToken = {
    status: 401,
    headers: {
      ...json,
      'WWW-Authenticate':
        'Bearer realm="Doorkeeper", error="invalid_token", error_description="The access token is invalid"',
    },
    body: '{"error":"invalid_token","error_description":"The access token is invalid","state":"unauthorized"}',
  }

  test.each([
    ['unknown_token', 'info'],
    ['no_token', 'info'],
    ['bearer_not_accepted', 'introspection'],
    ['constructor', 'info'],
  ] as const)('invalid_token (%s at %s)', (reason, endpoint) => {
    expect(encode('invalid_token', reason, {}, { endpoint })).toEqual(invalidToken)
  })

  test.each([
    ['expired_token', 'The access token expired'],
    ['revoked_token', 'The access token was revoked'],
  ] as const)('%s', (errorCode, text) => {
    expect(encode(errorCode, 'any', {}, { endpoint: 'info' })).toEqual({
      status: 401,
      headers: { 'Content-Type': 'application/vnd.api+json; charset=utf-8', 'Cache-Control': 'no-cache' },
      body: `{"error":"${text}"}`,
    })
  })

  test('invalid_request says what is missing, in the header too', () => {
    const description = 'Missing required parameter: refresh_token.'
    const { headers, body } = encode('invalid_request', 'missing_parameter', { description })
    expect(JSON.parse(body)).toEqual({ error: 'invalid_request', error_description: description })
    expect(headers['WWW-Authenticate']).toContain(`error_description="${description}"`)
  })

  test.each([
    ['xyz', 'xyz'],
    ['"<\r\n', '"<\r\n'],
    ['', undefined],
    [' \n', undefined],
    [null, undefined],
  ])('echoes the state %j', (state, echoed) => {
    const { headers, body } = encode('unsupported_grant_type', 'x', { state })
    expect(JSON.parse(body).state).toBe(echoed)
    if (echoed === undefined) expect(Object.keys(JSON.parse(body))).toEqual(['error', 'error_description'])
    expect(JSON.stringify(headers)).not.toContain('xyz')
  })
})

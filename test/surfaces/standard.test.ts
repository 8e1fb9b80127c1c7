import { decodeJwt } from 'jose'
import { beforeAll, describe, expect, test, vi } from 'vitest'
import { StoreUnavailable } from '../../src/store/errors.ts'
import { basic, createStandard, expectError, PASSWORD, type TestClient } from './standard-exchange.ts'

const {
  harness,
  as,
  client: newClient,
  user: newUser,
  login,
  token,
} = createStandard({
  plain: { passwordGrant: false },
  other: {},
})

const FORM = { 'content-type': 'application/x-www-form-urlencoded' }
const ENDPOINTS = ['/oauth/token', '/oauth/revoke', '/oauth/introspect']

let client: TestClient
let storefront: TestClient
let username: string

beforeAll(async () => {
  client = await newClient()
  storefront = await newClient({ public: true, grants: ['password', 'refresh_token'] })
  username = (await newUser()).username
})

/** POSTs to the main tenant as it is. */
function post(path: string, form: Record<string, string> | string, headers: Record<string, string> = {}) {
  const body = typeof form === 'string' ? form : new URLSearchParams(form).toString()
  return harness.send({ path, headers: { ...FORM, ...headers }, body })
}

/** A request that is right for the endpoint but for the client's credentials. */
function right(path: string): Record<string, string> {
  return path === '/oauth/token' ? { grant_type: 'client_credentials' } : { token: 'x' }
}

describe('RFC 6749 §5.1: the answer', () => {
  test('T057 to client credentials has no refresh token', async () => {
    const response = await token(client, { grant_type: 'client_credentials' })
    expect(response.status).toBe(200)
    expect(response.header('content-type')).toBe('application/json')
    expect(response.json()).toEqual({
      access_token: expect.any(String),
      token_type: 'Bearer',
      expires_in: 3600,
      scope: 'read write',
    })
  })

  test('T057 to a login has one', async () => {
    const response = await token(client, { grant_type: 'password', username, password: PASSWORD })
    expect(response.json()).toEqual({
      access_token: expect.any(String),
      token_type: 'Bearer',
      expires_in: 3600,
      refresh_token: expect.stringMatching(/^[A-Za-z0-9_-]{43}$/),
      scope: 'read write',
    })
  })

  test('an opaque token has 43 characters', async () => {
    const opaque = await newClient({ accessToken: 'opaque' })
    const response = await token(opaque, { grant_type: 'client_credentials' })
    expect(response.json().access_token).toMatch(/^[A-Za-z0-9_-]{43}$/)
  })

  test('a client may have a life of its own for its tokens', async () => {
    const brief = await newClient({ expiresIn: 60 })
    const { access_token, expires_in } = (await token(brief, { grant_type: 'client_credentials' })).json()
    const { iat = 0, exp } = decodeJwt(access_token)
    expect([expires_in, exp]).toEqual([60, iat + 60])
  })

  test('a JWT of client credentials writes no row', async () => {
    const issue = vi.spyOn(harness.store, 'issue')
    await token(client, { grant_type: 'client_credentials' })
    expect(issue).not.toHaveBeenCalled()
    issue.mockRestore()
  })

  test('X-Request-Id is there, in errors too', async () => {
    const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
    expect((await token(client, { grant_type: 'client_credentials' })).header('x-request-id')).toMatch(uuid)
    expect((await token(client, {})).header('x-request-id')).toMatch(uuid)
  })
})

describe('RFC 6749 §5.2: errors', () => {
  test.each([
    ['no grant_type', {}, 'invalid_request'],
    ['an empty grant_type', { grant_type: '' }, 'invalid_request'],
    ['an unknown grant_type', { grant_type: 'authorization_code' }, 'unsupported_grant_type'],
    ['T123 a grant_type of Object.prototype', { grant_type: 'constructor' }, 'unsupported_grant_type'],
    ['a grant_type in upper case', { grant_type: 'CLIENT_CREDENTIALS' }, 'unsupported_grant_type'],
    ['no username', { grant_type: 'password', password: 'x' }, 'invalid_request'],
    ['T121 an empty password', { grant_type: 'password', username: 'x', password: '' }, 'invalid_request'],
    ['an unknown user', { grant_type: 'password', username: 'nobody', password: 'x' }, 'invalid_grant'],
    ['no refresh token', { grant_type: 'refresh_token' }, 'invalid_request'],
    ['T050 a space as refresh token', { grant_type: 'refresh_token', refresh_token: ' ' }, 'invalid_grant'],
    ['T050 null as refresh token', { grant_type: 'refresh_token', refresh_token: 'null' }, 'invalid_grant'],
    ['T041 an unknown scope', { grant_type: 'client_credentials', scope: 'admin' }, 'invalid_scope'],
    ['a scope that is none', { grant_type: 'client_credentials', scope: 'read "' }, 'invalid_scope'],
    [
      'T123 a scope of Object.prototype',
      { grant_type: 'client_credentials', scope: '__proto__' },
      'invalid_scope',
    ],
    [
      'T125 too many scopes',
      { grant_type: 'client_credentials', scope: 'a '.repeat(30_000) },
      'invalid_scope',
    ],
  ] as const)('%s', async (_, form, error) => {
    expectError(await token(client, form), error)
  })

  test('a wrong password and an unknown user are the same', async () => {
    const wrong = await token(client, { grant_type: 'password', username, password: 'x' })
    const unknown = await token(client, { grant_type: 'password', username: 'nobody', password: 'x' })
    expectError(wrong, 'invalid_grant')
    expect(wrong.body).toBe(unknown.body)
  })

  test.each([
    'application/json',
    'multipart/form-data; boundary=x',
    'text/plain',
    'application/xml',
    'constructor',
  ])('T122 a body that is %s', async (type) => {
    const response = await post('/oauth/token', right('/oauth/token'), {
      'content-type': type,
      authorization: basic(client.id, client.secret),
    })
    expectError(response, 'invalid_request')
  })

  test('T122 without a Content-Type a body is a form', async () => {
    const body = new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: client.id,
      client_secret: client.secret,
    })
    expect((await harness.send({ path: '/oauth/token', body: body.toString() })).status).toBe(200)
  })

  test.each([
    'grant_type=password',
    'scope=read&scope=read',
    'client_id=x&client_id=x',
    'x=1&x=2',
    'x[]=1',
    'x[a]=1',
  ])('T120 a parameter twice or structured: %s', async (text) => {
    const body = `grant_type=client_credentials&${text}`
    expectError(await post('/oauth/token', body), 'invalid_request')
  })

  test.each(['%', '%zz', '%FF', '%E0%80', '%00'])('T124 a broken body: %s', async (text) => {
    expectError(await post('/oauth/token', `grant_type=client_credentials&x=${text}`), 'invalid_request')
  })

  test('T121 unknown and empty parameters are ignored', async () => {
    const form = {
      grant_type: 'client_credentials',
      scope: '',
      audience: 'x',
      resource: 'y',
      __proto__x: 'z',
    }
    expect((await token(client, form)).json().scope).toBe('read write')
  })

  test('T125 a body of more than 64 KiB', async () => {
    const response = await post('/oauth/token', { x: 'x'.repeat(64 * 1024) })
    expect([response.status, response.json().error]).toEqual([413, 'invalid_request'])
  })

  test.each(ENDPOINTS)('T129 another method on %s', async (path) => {
    for (const method of ['GET', 'PUT', 'HEAD', 'OPTIONS', 'TRACE']) {
      const response = await harness.send({ method, path })
      expectError(response, 'method_not_allowed')
      expect(response.header('allow')).toBe('POST')
    }
  })

  test.each(['/oauth/', '/oauth/tokens', '/oauth/token/', '/', '/nothing'])(
    '%s is not found',
    async (path) => {
      expectError(await post(path, {}), 'not_found')
    },
  )

  test('an unknown host is not found', async () => {
    expectError(await harness.send({ path: '/oauth/token', host: 'unknown.example', body: '' }), 'not_found')
  })

  test.each(ENDPOINTS)('T066 a credential in the query string of %s', async (path) => {
    for (const name of [
      'password',
      'client_secret',
      'refresh_token',
      'token',
      'access_token',
      'client_assertion',
    ]) {
      const response = await as(client, `${path}?${name}=canary-value`, right(path))
      expectError(response, 'invalid_request')
      expect(JSON.stringify(harness.entries.at(-1))).not.toContain('canary')
    }
  })

  test('T062 the password grant while it is off', async () => {
    const one = await newClient({ tenant: 'plain' })
    const form = { grant_type: 'password', username, password: PASSWORD }
    expectError(await token(one, form), 'unsupported_grant_type')
  })

  test('T011 T047 a write that was not done is 503, for a revocation too', async () => {
    const { refresh_token } = await login(client, username)
    const unavailable = new StoreUnavailable('disk full')
    const issue = vi.spyOn(harness.store, 'issue').mockRejectedValueOnce(unavailable)
    const revoke = vi.spyOn(harness.store, 'revokeFamily').mockRejectedValueOnce(unavailable)
    const answers = [
      await token(client, { grant_type: 'password', username, password: PASSWORD }),
      await as(client, '/oauth/revoke', { token: refresh_token }),
    ]
    for (const answer of answers) {
      expect([answer.status, answer.json().error, answer.header('retry-after')]).toEqual([
        503,
        'temporarily_unavailable',
        '1',
      ])
    }
    issue.mockRestore()
    revoke.mockRestore()
  })
})

describe('RFC 6749 §2.3: client authentication', () => {
  const SECRETS = ['a:b:c', ' a+b c ', '50%', '%41', 'say "hi"', 'Grüße 🚲', '\\', '&=?#', 'x'.repeat(200)]

  test.each(SECRETS)('T065 client_secret_basic and client_secret_post with the secret %j', async (secret) => {
    const own = await newClient({ secret, id: `id of ${secret.slice(0, 20)}: +%é` })
    const form = { grant_type: 'client_credentials' }
    expect((await post('/oauth/token', form, { authorization: basic(own.id, secret) })).status).toBe(200)
    const inBody = { ...form, client_id: own.id, client_secret: secret }
    expect((await post('/oauth/token', inBody)).status).toBe(200)
    for (const wrong of [
      secret.trim() === secret ? `${secret} ` : secret.trim(),
      `${secret}x`,
      secret.slice(1),
    ]) {
      const authorization = basic(own.id, wrong)
      if (wrong !== '') expectError(await post('/oauth/token', form, { authorization }), 'invalid_client')
    }
  })

  test('T065 Basic is decoded once: what was not encoded is not found', async () => {
    const own = await newClient({ secret: 'a+b' })
    const raw = `Basic ${Buffer.from(`${own.id}:a+b`).toString('base64')}`
    expectError(await post('/oauth/token', right('/oauth/token'), { authorization: raw }), 'invalid_client')
  })

  test('none: a public client has no secret', async () => {
    const form = { grant_type: 'password', username, password: PASSWORD, client_id: storefront.id }
    expect((await post('/oauth/token', form)).status).toBe(200)
    const { client_id: _, ...rest } = form
    const authorization = basic(storefront.id, '')
    expect((await post('/oauth/token', rest, { authorization })).status).toBe(200)
  })

  test.each(ENDPOINTS)('T060 no, empty, wrong or unknown credentials at %s', async (path) => {
    const form = right(path)
    const attempts: [Record<string, string>, Record<string, string>][] = [
      [{}, {}],
      [{ client_id: client.id }, {}],
      [{ client_id: client.id, client_secret: '' }, {}],
      [{ client_id: client.id, client_secret: 'wrong' }, {}],
      [{ client_id: client.id, client_secret: `${client.secret}x` }, {}],
      [{ client_id: 'unknown' }, {}],
      [{ client_id: 'unknown', client_secret: client.secret }, {}],
      [{ client_id: client.id.toUpperCase(), client_secret: client.secret }, {}],
      [{ client_id: ` ${client.id}`, client_secret: client.secret }, {}],
      [{}, { authorization: basic(client.id, '') }],
      [{}, { authorization: basic(client.id, 'wrong') }],
      [{}, { authorization: basic('unknown', client.secret) }],
      [{}, { authorization: basic('', '') }],
      [{}, { authorization: 'Basic' }],
      [{}, { authorization: 'Basic !' }],
      [{}, { authorization: `Basic ${Buffer.from('no colon').toString('base64')}` }],
      [{}, { authorization: `Basic ${Buffer.from([0x61, 0x3a, 0xff]).toString('base64')}` }],
      [{}, { authorization: `Bearer ${client.secret}` }],
      [{}, { authorization: 'Digest username="a"' }],
    ]
    for (const [parameters, headers] of attempts) {
      expectError(await post(path, { ...form, ...parameters }, headers), 'invalid_client')
    }
  })

  test('T060 T061 for the grants that have a credential of their own, too', async () => {
    const { refresh_token } = await login(client, username)
    const forms = [
      { grant_type: 'password', username, password: PASSWORD },
      { grant_type: 'refresh_token', refresh_token },
    ]
    for (const form of forms) {
      expectError(await post('/oauth/token', form), 'invalid_client')
      expectError(await post('/oauth/token', { ...form, client_id: client.id }), 'invalid_client')
      expectError(
        await post('/oauth/token', { ...form, client_id: client.id, client_secret: 'x' }),
        'invalid_client',
      )
    }
    expect((await token(client, forms[1] ?? {})).status).toBe(200)
  })

  test('T064 a secret that is sent is verified, also for a public client', async () => {
    const form = { grant_type: 'password', username, password: PASSWORD }
    for (const client_secret of ['x', storefront.secret]) {
      expectError(
        await post('/oauth/token', { ...form, client_id: storefront.id, client_secret }),
        'invalid_client',
      )
      const authorization = basic(storefront.id, client_secret)
      expectError(await post('/oauth/token', form, { authorization }), 'invalid_client')
    }
  })

  test('T068 an unknown client and a wrong secret are the same', async () => {
    const unknown = await post('/oauth/token', {
      ...right('/oauth/token'),
      client_id: 'x',
      client_secret: 'y',
    })
    const wrong = await post('/oauth/token', {
      ...right('/oauth/token'),
      client_id: client.id,
      client_secret: 'y',
    })
    expect(unknown.body).toBe(wrong.body)
  })

  test.each(ENDPOINTS)('T063 two mechanisms at %s', async (path) => {
    const authorization = basic(client.id, client.secret)
    const both = { ...right(path), client_secret: client.secret }
    expectError(await post(path, both, { authorization }), 'invalid_request')
    expectError(await post(path, { ...both, client_id: client.id }, { authorization }), 'invalid_request')
    const another = { ...right(path), client_id: storefront.id }
    expectError(await post(path, another, { authorization }), 'invalid_request')
  })

  test('T063 the same client_id beside Basic is no second mechanism', async () => {
    const form = { ...right('/oauth/token'), client_id: client.id }
    const authorization = basic(client.id, client.secret)
    expect((await post('/oauth/token', form, { authorization })).status).toBe(200)
  })

  test('a secret without a client_id', async () => {
    expectError(
      await post('/oauth/token', { ...right('/oauth/token'), client_secret: 'x' }),
      'invalid_request',
    )
  })

  test('R155 each secret of a client is good until its own end', async () => {
    const own = await newClient()
    const [first] = own.secrets
    const { secret, secrets } = await newClient()
    const expiresAt = harness.now() + 100
    const { secret: _, ...row } = own
    await harness.store.updateClient({
      ...row,
      secrets: [
        { ...first!, expiresAt },
        { ...secrets[0]!, id: 'second' },
      ],
    })
    const form = { grant_type: 'client_credentials' }
    const status = async (text: string) => (await token({ ...own, secret: text }, form)).status
    expect([await status(own.secret), await status(secret)]).toEqual([200, 200])
    harness.advance(100)
    expect([await status(own.secret), await status(secret)]).toEqual([401, 200])
  })

  test('T069 a disabled or deleted client', async () => {
    const own = await newClient()
    const { secret, ...row } = own
    await harness.store.updateClient({ ...row, disabled: true })
    expectError(await token(own, { grant_type: 'client_credentials' }), 'invalid_client')
    await harness.store.deleteClient('main', own.id)
    expectError(await token(own, { grant_type: 'client_credentials' }), 'invalid_client')
  })

  test('a client of another tenant', async () => {
    const stranger = await newClient({ tenant: 'other' })
    const here = { ...stranger, tenant: 'main' }
    expectError(await token(here, { grant_type: 'client_credentials' }), 'invalid_client')
    expect((await token(stranger, { grant_type: 'client_credentials' })).status).toBe(200)
  })
})

describe('what a client may do', () => {
  test('T062 a public client has no client credentials', async () => {
    const generous = await newClient({ public: true, grants: ['client_credentials', 'password'] })
    for (const one of [generous, storefront]) {
      expectError(await token(one, { grant_type: 'client_credentials' }), 'unauthorized_client')
    }
  })

  test('T062 nor has a client a grant that is not on its list', async () => {
    const narrow = await newClient({ grants: ['client_credentials'] })
    expectError(
      await token(narrow, { grant_type: 'password', username, password: PASSWORD }),
      'unauthorized_client',
    )
    const { secret: _, ...row } = await newClient()
    const saved = { ...row, secret: _ }
    const { refresh_token } = await login(saved, username)
    await harness.store.updateClient({ ...row, grants: ['password'] })
    expectError(await token(saved, { grant_type: 'refresh_token', refresh_token }), 'unauthorized_client')
    const again = await token(saved, { grant_type: 'password', username, password: PASSWORD })
    expect(again.json()).not.toHaveProperty('refresh_token')
  })

  test('T041 it asks for a part of its scopes', async () => {
    for (const grant of [
      { grant_type: 'client_credentials' },
      { grant_type: 'password', username, password: PASSWORD },
    ]) {
      const { scope, access_token } = (await token(client, { ...grant, scope: 'write' })).json()
      expect([scope, decodeJwt(access_token).scope]).toEqual(['write', 'write'])
      expectError(await token(client, { ...grant, scope: 'read admin' }), 'invalid_scope')
    }
  })

  test('a client without scopes has none', async () => {
    const bare = await newClient({ scopes: [] })
    const { scope, access_token } = (await token(bare, { grant_type: 'client_credentials' })).json()
    expect(scope).toBe('')
    expect(decodeJwt(access_token)).not.toHaveProperty('scope')
    expectError(await token(bare, { grant_type: 'client_credentials', scope: 'read' }), 'invalid_scope')
  })

  test('a user with scopes of their own narrows it further', async () => {
    const narrow = await newUser({ scopes: ['read'] })
    expect((await login(client, narrow.username)).scope).toBe('read')
    const form = { grant_type: 'password', username: narrow.username, password: PASSWORD, scope: 'write' }
    expectError(await token(client, form), 'invalid_scope')
  })

  test('a disabled user is as good as a wrong password', async () => {
    const gone = await newUser({ disabled: true })
    const refused = await token(client, {
      grant_type: 'password',
      username: gone.username,
      password: PASSWORD,
    })
    expectError(refused, 'invalid_grant')
    const wrong = await token(client, { grant_type: 'password', username, password: 'x' })
    expect(refused.body).toBe(wrong.body)
  })

  test('T123 a scope may be named like a member of Object.prototype', async () => {
    const odd = await newClient({ scopes: ['constructor', 'toString'] })
    expect((await login(odd, username)).scope).toBe('constructor toString')
  })
})

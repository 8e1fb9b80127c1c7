import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { Ajv } from 'ajv'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { StoreUnavailable } from '../../src/store/errors.ts'
import { createMemoryStore } from '../../src/stores/memory.ts'
import { createHarness, TENANT, type TestRequest, type TestResponse } from '../harness.ts'
import { clientId, clientSecret, openShop, type Shop } from '../wire/spree/shop.ts'

const ADMIN = { grant_type: 'password', username: 'spree@example.com', password: 'spree123' }
const CUSTOMER = { grant_type: 'password', username: 'customer@example.com', password: 'customer123' }
const TOKEN = '/spree_oauth/token'

function credentials(name: Parameters<typeof clientId>[0]): { client_id: string; client_secret: string } {
  return { client_id: clientId(name), client_secret: clientSecret(name) }
}

interface Pair {
  access_token: string
  refresh_token: string
  expires_in: number
  created_at: number
  scope?: string
}

async function issued(shop: Shop, form: Record<string, string>): Promise<Pair> {
  const response = await shop.post(TOKEN, form)
  expect([response.status, response.body]).toEqual([200, expect.any(String)])
  return response.json()
}

const refresh = (pair: Pair, rest: Record<string, string> = {}) => ({
  grant_type: 'refresh_token',
  refresh_token: pair.refresh_token,
  ...rest,
})

const info = (shop: Shop, pair: Pair) =>
  shop.send({
    method: 'GET',
    path: '/spree_oauth/token/info',
    headers: { authorization: `Bearer ${pair.access_token}` },
  })

function expectError(response: TestResponse, status: number, error: string): void {
  expect([response.status, response.json().error]).toEqual([status, error])
}

describe("Spree's document", () => {
  const document = parse(readFileSync(new URL('../wire/spree/openapi.yaml', import.meta.url), 'utf8'))
  const ajv = new Ajv({ strict: false, allErrors: true })
  const operation = document.paths[TOKEN].post
  const json = operation.requestBody.content['application/json']
  const isToken = ajv.compile(document.components.schemas.Token)
  const isBody = ajv.compile({ ...json.schema, components: document.components })

  /** The users and the client whose names are in the document's examples; every setting has its default. */
  async function openDocumented() {
    const harness = createHarness({ tenants: [{ ...TENANT, surfaces: { spree: {} } }] })
    await harness.user({ id: '1', username: 'spree@example.com', password: 'spree123', roles: ['admin'] })
    const { client_id, client_secret } = json.examples['Create Platform API Application Token'].value
    await harness.client({ id: client_id, secret: client_secret, scopes: ['admin'] })
    return harness
  }

  test('its own requests are answered as it says', async () => {
    const harness = await openDocumented()
    let refreshToken = ''
    const names: string[] = []
    for (const [name, { value }] of Object.entries<{ value: Record<string, string> }>(json.examples)) {
      const body = value.grant_type === 'refresh_token' ? { ...value, refresh_token: refreshToken } : value
      expect(isBody(body), `${name}: ${ajv.errorsText(isBody.errors)}`).toBe(true)
      const response = await harness.send({
        path: TOKEN,
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      })
      expect(response.status, name).toBe(200)
      const token = response.json()
      expect(isToken(token), `${name}: ${ajv.errorsText(isToken.errors)}`).toBe(true)
      expect(token).toMatchObject({ token_type: 'Bearer', expires_in: 7200, created_at: harness.now() })
      expect(token.scope).toBe(value.scope)
      // Of the login without a client: the document's refresh request names none.
      if (refreshToken === '') refreshToken = token.refresh_token
      names.push(name)
    }
    expect(names).toEqual([
      'Create Storefront API User Token',
      'Create Platform API User Token',
      'Create Platform API Application Token',
      'Refresh a Token',
    ])
  })

  test('its examples are what it says, and an answer without refresh token is not', () => {
    const examples = operation.responses['200'].content['application/json'].examples
    for (const { value } of Object.values<{ value: unknown }>(examples)) expect(isToken(value)).toBe(true)
    expect(isToken({ access_token: 'a', token_type: 'Bearer', expires_in: 7200, created_at: 1 })).toBe(false)
    expect(isToken({ ...Object.values<{ value: object }>(examples)[0]?.value, expires_in: '7200' })).toBe(
      false,
    )
  })

  test('client credentials get the refresh token it requires, which works', async () => {
    const harness = await openDocumented()
    const { value } = json.examples['Create Platform API Application Token']
    const token = (await harness.post(TOKEN, value)).json()
    const { client_id, client_secret } = value
    const refreshed = await harness.post(TOKEN, refresh(token, { client_id, client_secret }))
    expect(refreshed.status).toBe(200)
    expect(isToken(refreshed.json())).toBe(true)
    expect(refreshed.json().scope).toBe('admin')
    expectError(await harness.post(TOKEN, refresh(refreshed.json())), 400, 'invalid_grant')
  })

  test('its XML body is read', async () => {
    const harness = await openDocumented()
    const send = (body: string) =>
      harness.send({ path: TOKEN, headers: { 'content-type': 'application/xml' }, body })
    const members = Object.entries({ ...ADMIN, scope: 'admin' }).map(
      ([name, value]) => `<${name}>${value}</${name}>`,
    )
    const response = await send(`<?xml version="1.0"?>\n<token>\n  ${members.join('\n  ')}\n</token>\n`)
    expect(isToken(response.json())).toBe(true)
    const refusedXml = await send(
      '<!DOCTYPE t [<!ENTITY e SYSTEM "file:///etc/hostname">]><t><scope>&e;</scope></t>',
    )
    expect([refusedXml.status, refusedXml.header('content-type'), refusedXml.body]).toEqual([
      400,
      'text/html; charset=UTF-8',
      '',
    ])
    expect(harness.entries.at(-1)).toMatchObject({ outcome: 'malformed_body', reason: 'xml_document_type' })
  })
})

describe('a login', () => {
  test.each([
    ['spree@example.com', 'spree123', 200],
    ['customer@example.com', 'customer123', 200],
    ['bcrypt@example.com', 'bcrypt123', 200],
    ['bcrypt@example.com', 'bcrypt124', 400],
    ['unconfirmed@example.com', 'pending123', 400],
    ['deleted@example.com', 'deleted123', 400],
    [' customer@example.com', 'customer123', 400],
    ['', '', 400],
  ])('of %j with %s: %i', async (username, password, status) => {
    const shop = await openShop()
    const response = await shop.post(TOKEN, { grant_type: 'password', username, password })
    expect(response.status).toBe(status)
    if (status === 400) expectError(response, 400, 'invalid_grant')
  })

  test.each([
    ['admin write read', 'admin write read'],
    [' admin  admin ', 'admin'],
    ['admin\nread', 'admin read'],
    ['read write', 'read write'],
  ])('of a user with the role gets what was recorded for everybody: %j', async (scope, granted) => {
    const shop = await openShop()
    expect((await issued(shop, { ...ADMIN, scope })).scope).toBe(granted)
  })

  test('of a client gets no scope the client has not', async () => {
    const shop = await openShop()
    expect((await issued(shop, { ...ADMIN, scope: 'admin', ...credentials('admin') })).scope).toBe('admin')
    for (const scope of ['read', 'admin read']) {
      const response = await shop.post(TOKEN, { ...ADMIN, scope, ...credentials('admin') })
      expectError(response, 400, 'invalid_scope')
    }
    expectError(
      await shop.post(TOKEN, { ...CUSTOMER, scope: 'read', ...credentials('plain') }),
      400,
      'invalid_scope',
    )
    expectError(
      await shop.post(TOKEN, { ...CUSTOMER, scope: 'admin', ...credentials('admin') }),
      400,
      'invalid_scope',
    )
  })

  test('that was imported is not found by what is stored of it', async () => {
    const shop = await openShop()
    const digest = (text: string) => createHash('sha256').update(text).digest('hex')
    const stolen = { access_token: digest('a'.repeat(64)), refresh_token: digest('b'.repeat(64)) } as Pair
    expectError(await shop.post(TOKEN, refresh(stolen)), 400, 'invalid_grant')
    expectError(await info(shop, stolen), 401, 'invalid_token')
    expect((await shop.post('/spree_oauth/revoke', { token: stolen.access_token })).body).toBe('{}')
    expect((await info(shop, { ...stolen, access_token: 'a'.repeat(64) })).status).toBe(200)
  })

  test('of a client that may not log users in is 401, as Doorkeeper says it', async () => {
    const shop = await openShop()
    await shop.client({ id: 'machine', secret: 'secret', grants: ['client_credentials'] })
    const response = await shop.post(TOKEN, { ...CUSTOMER, client_id: 'machine', client_secret: 'secret' })
    expectError(response, 401, 'unauthorized_client')
    expect(response.header('www-authenticate')).toContain('error="unauthorized_client"')
  })
})

describe('a refresh, a moment after the window of 60 s', () => {
  /** A pair, its successor, and 61 seconds gone. */
  async function refreshed(between: (shop: Shop, successor: Pair) => Promise<void> = async () => {}) {
    const shop = await openShop()
    const first = await issued(shop, CUSTOMER)
    const second = await issued(shop, refresh(first))
    await between(shop, second)
    shop.advance(61)
    return { shop, first, second }
  }

  test('as recorded, the old refresh token is dead once the new access token was used', async () => {
    const { shop, first, second } = await refreshed(async (open, successor) => {
      expect((await info(open, successor)).status).toBe(200)
    })
    expect((await info(shop, first)).json()).toEqual({ error: 'The access token was revoked' })
    expectError(await shop.post(TOKEN, refresh(first)), 400, 'invalid_grant')
    // Not as recorded: the reuse of a spent token was somebody's theft, so the successor dies, too.
    expectError(await shop.post(TOKEN, refresh(second)), 400, 'invalid_grant')
    expect((await info(shop, second)).json()).toEqual({ error: 'The access token was revoked' })
  })

  test('as recorded, the old refresh token lives on while the new access token was not used', async () => {
    const { shop, first, second } = await refreshed()
    expect((await info(shop, first)).status).toBe(200)
    shop.advance(3600)
    const again = await issued(shop, refresh(first))
    expect(again).toEqual({ ...second, expires_in: second.expires_in - 3661 })
    expect(await issued(shop, refresh(second))).toMatchObject({ expires_in: 2_629_746 })
  })

  test('an introspection counts as use', async () => {
    const { shop, first } = await refreshed(async (open, { access_token }) => {
      const form = { token: access_token, ...credentials('plain') }
      expect((await open.post('/spree_oauth/introspect', form)).json().active).toBe(true)
    })
    expectError(await shop.post(TOKEN, refresh(first)), 400, 'invalid_grant')
  })

  test('as recorded, so does a bearer that authorizes an introspection', async () => {
    const { shop, first } = await refreshed(async (open, { access_token }) => {
      await open.post('/spree_oauth/introspect', {}, { authorization: `Bearer ${access_token}` })
    })
    expectError(await shop.post(TOKEN, refresh(first)), 400, 'invalid_grant')
  })

  test('a bearer at the token endpoint does not', async () => {
    const { shop, first, second } = await refreshed(async (open, { access_token }) => {
      await open.post(TOKEN, CUSTOMER, { authorization: `Bearer ${access_token}` })
    })
    expect((await issued(shop, refresh(first))).refresh_token).toBe(second.refresh_token)
  })

  test('the window is 60 s at least, used or not', async () => {
    const shop = await openShop()
    const first = await issued(shop, CUSTOMER)
    const second = await issued(shop, refresh(first))
    await info(shop, second)
    shop.advance(59)
    expect((await issued(shop, refresh(first))).access_token).toBe(second.access_token)
    shop.advance(1)
    expectError(await shop.post(TOKEN, refresh(first)), 400, 'invalid_grant')
  })

  test('a stranger with the spent token of a client ends nothing', async () => {
    const shop = await openShop()
    const own = credentials('admin')
    const first = await issued(shop, { ...ADMIN, scope: 'admin', ...own })
    const second = await issued(shop, refresh(first, own))
    await info(shop, second)
    shop.advance(61)
    expectError(await shop.post(TOKEN, refresh(first)), 400, 'invalid_grant')
    expectError(await shop.post(TOKEN, refresh(first, credentials('plain'))), 400, 'invalid_grant')
    expect((await info(shop, second)).status).toBe(200)
  })
})

describe('a refreshed token', () => {
  test('keeps, and by scope or scopes narrows, what was granted', async () => {
    const shop = await openShop()
    const first = await issued(shop, { ...ADMIN, scope: 'admin write' })
    const second = await issued(shop, refresh(first))
    expect(second.scope).toBe('admin write')
    const third = await issued(shop, refresh(second, { scopes: 'write' }))
    expect(third.scope).toBe('write')
    const fourth = await issued(shop, refresh(third, { scope: '', scopes: 'admin' }))
    expect(fourth.scope).toBe('admin write')
    expectError(await shop.post(TOKEN, refresh(fourth, { scope: 'read' })), 400, 'invalid_scope')
    expect((await issued(shop, refresh(fourth, { scope: 'admin' }))).scope).toBe('admin')
  })

  test('is without the scope of a role that was lost', async () => {
    const shop = await openShop()
    const first = await issued(shop, { ...ADMIN, scope: 'admin read' })
    const user = await shop.store.findUser(TENANT.id, '1')
    await shop.store.updateUser({ ...user!, roles: [] })
    expect((await info(shop, first)).json().scope).toEqual(['read'])
    expect((await issued(shop, refresh(first))).scope).toBe('read')
  })

  test('lives as long as the one before did', async () => {
    const shop = await openShop({ expiresIn: 86_400 })
    const legacy = { grant_type: 'refresh_token', refresh_token: 'b'.repeat(64) }
    expect((await issued(shop, legacy)).expires_in).toBe(7200)
    expect((await issued(shop, CUSTOMER)).expires_in).toBe(86_400)
  })

  test.each([{}, credentials('plain'), credentials('admin')])(
    'of no client stays so, asked by %j',
    async (client) => {
      const shop = await openShop()
      const second = await issued(shop, refresh(await issued(shop, CUSTOMER), client))
      expect((await info(shop, second)).json().application).toEqual({ uid: null })
    },
  )
})

describe('introspection', () => {
  const path = '/spree_oauth/introspect'

  test('by the bearer of another token', async () => {
    const shop = await openShop()
    const [one, other] = [await issued(shop, CUSTOMER), await issued(shop, CUSTOMER)]
    const ask = (token: string) =>
      shop.post(path, { token }, { authorization: `Bearer ${other.access_token}` })
    expect((await ask(one.access_token)).json()).toMatchObject({ active: true, client_id: null })
    expectError(await ask(other.access_token), 401, 'invalid_token')
    await shop.post('/spree_oauth/revoke', { token: other.access_token })
    expectError(await ask(one.access_token), 401, 'invalid_token')
  })

  test('says nothing about the token of another client', async () => {
    const shop = await openShop()
    const { access_token } = await issued(shop, { ...ADMIN, ...credentials('admin') })
    const asked = await shop.post(path, { token: access_token, ...credentials('plain') })
    expect([asked.status, asked.body]).toEqual([200, '{"active":false}'])
  })

  test('of a refresh token has the times of its access token', async () => {
    const shop = await openShop()
    const { refresh_token, created_at, expires_in } = await issued(shop, CUSTOMER)
    const answer = await shop.post(path, { token: refresh_token, ...credentials('plain') })
    expect(answer.json()).toMatchObject({ active: true, iat: created_at, exp: created_at + expires_in })
  })
})

describe('a revocation', () => {
  const path = '/spree_oauth/revoke'

  test('of the token of a client is that of the client alone', async () => {
    const shop = await openShop()
    const pair = await issued(shop, { ...ADMIN, ...credentials('admin') })
    for (const form of [{}, credentials('plain')]) {
      const response = await shop.post(path, { token: pair.access_token, ...form })
      expectError(response, 403, 'unauthorized_client')
      expect(response.header('www-authenticate')).toBeNull()
    }
    expect((await info(shop, pair)).status).toBe(200)
    expect((await shop.post(path, { token: pair.refresh_token, ...credentials('admin') })).body).toBe('{}')
    expect((await info(shop, pair)).status).toBe(401)
  })

  test('by a client with a wrong secret is refused', async () => {
    const shop = await openShop()
    const pair = await issued(shop, CUSTOMER)
    const form = { token: pair.access_token, client_id: clientId('admin'), client_secret: 'wrong' }
    expectError(await shop.post(path, form), 401, 'invalid_client')
    expect((await info(shop, pair)).status).toBe(200)
  })
})

describe('what never reaches Doorkeeper', () => {
  const at = async (request: TestRequest) => (await openShop()).send(request)

  test.each<[TestRequest, number, string | null]>([
    [{ path: '/spree_oauth/authorize', method: 'GET' }, 404, null],
    [{ path: '/spree_oauth/TOKEN' }, 404, null],
    [{ path: '/spree_oauth/token/', method: 'GET' }, 405, 'POST'],
    [{ path: '/spree_oauth/revoke.json', method: 'PUT' }, 405, 'POST'],
    [{ path: '/spree_oauth/introspect', method: 'OPTIONS' }, 405, 'POST'],
    [{ path: '/spree_oauth/token/info', method: 'DELETE' }, 405, 'GET'],
    [
      { path: TOKEN, body: 'a=%', headers: { 'content-type': 'application/x-www-form-urlencoded' } },
      400,
      null,
    ],
    [{ path: TOKEN, host: 'unknown.example.com' }, 404, null],
  ])('%j: %i', async (request, status, allow) => {
    const response = await at(request)
    expect([
      response.status,
      response.header('content-type'),
      response.header('allow'),
      response.body,
    ]).toEqual([status, 'text/html; charset=UTF-8', allow, ''])
    expect(response.header('x-request-id')).toMatch(/^[0-9a-f-]{36}$/)
    const asked = await at({ ...request, headers: { ...request.headers, accept: 'application/json' } })
    expect(asked.json()).toMatchObject({ status })
  })

  test.each([TOKEN, `${TOKEN}.json`, `${TOKEN}/`])('%s is the token endpoint', async (path) => {
    const shop = await openShop()
    expect((await shop.post(path, CUSTOMER)).status).toBe(200)
  })

  test.each(['password=x', 'refresh_token', 'client_secret=', 'access_token=x', 'to%6Ben=x', 'token[]=x'])(
    'a credential in the query string is refused: %s',
    async (query) => {
      const shop = await openShop()
      expectError(await shop.post(`${TOKEN}?${query}`, CUSTOMER), 400, 'invalid_request')
    },
  )

  test('other parameters in the query string are not read', async () => {
    const shop = await openShop()
    const response = await shop.post(`${TOKEN}?grant_type=password&username=customer%40example.com`, {})
    expect(response.json().error_description).toBe('Missing required parameter: grant_type.')
  })

  test('a body over 64 KiB is refused', async () => {
    const shop = await openShop()
    const response = await shop.post(TOKEN, { ...CUSTOMER, x: 'x'.repeat(64 * 1024) })
    expectError(response, 413, 'invalid_request')
    expect(response.header('www-authenticate')).toBeNull()
  })

  test('a write that can not be done is 503', async () => {
    const memory = createMemoryStore({ clock: () => 0 })
    const store = {
      ...memory,
      issue: async () => {
        throw new StoreUnavailable('the disk is full')
      },
    }
    const harness = createHarness({ store })
    await harness.user({ username: CUSTOMER.username, password: CUSTOMER.password })
    const response = await harness.post(TOKEN, CUSTOMER)
    expectError(response, 503, 'temporarily_unavailable')
    expect(response.header('retry-after')).toBe('1')
    expect(response.body).not.toContain('disk')
  })
})

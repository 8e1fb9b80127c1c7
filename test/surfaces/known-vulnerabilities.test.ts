/** What went wrong in other servers and no other test asks for; the numbers are those of docs/reference/security.md. */
import { beforeEach, describe, expect, test } from 'vitest'
import { hashClientSecret } from '../../src/crypto/client-secret.ts'
import { createHarness, type Harness, TENANT, type TestResponse } from '../harness.ts'

const SECRET = 'the-secret-of-the-shop-that-nobody-can-guess'
const SHOP = { client_id: 'shop', client_secret: SECRET }
const OTHER = { client_id: 'other', client_secret: SECRET }
const ANN = { grant_type: 'password', username: 'ann', password: 'V3lC4EvMV1X5h3HsB_VU' }
const REALM = '/auth/realms/dodici/protocol/openid-connect'
const POSTS = [
  ...['/oauth/token', '/oauth/revoke', '/oauth/introspect', '/v0/token', '/v0/refresh_token'],
  ...['/spree_oauth/token', '/spree_oauth/revoke', '/spree_oauth/introspect'],
  ...[`${REALM}/token`, `${REALM}/revoke`, `${REALM}/token/introspect`],
]
const GETS = [
  '/.well-known/jwks.json',
  '/.well-known/oauth-authorization-server',
  '/spree_oauth/token/info',
  '/v0/openapi.json',
]

let harness: Harness
beforeEach(async () => {
  const surfaces = {
    newstore: {},
    spree: {},
    standard: { passwordGrant: true },
    realm: { passwordGrant: true },
  }
  harness = createHarness({ tenants: [{ ...TENANT, surfaces }] })
  await harness.user({ ...ANN, roles: ['newstore_admin'] })
  for (const { client_id: id } of [SHOP, OTHER]) {
    await harness.client({ id, secret: SECRET, scopes: ['read'], accessToken: 'opaque' })
  }
})

async function issued(path: string, form: Readonly<Record<string, string>>) {
  const response = await harness.post(path, form)
  expect([response.status, response.body]).toEqual([200, expect.any(String)])
  return response.json()
}

const refreshWith = (path: string, refresh_token: string, client = {}) =>
  harness.post(path, { grant_type: 'refresh_token', refresh_token, ...client })

describe('V-05 T049 an inactive token is told by one member, whatever answer is asked for', () => {
  test.each([
    '*/*',
    'application/json',
    'application/token-introspection+jwt',
    'application/jwt',
    'text/html',
    'x',
  ])('Accept: %s', async (accept) => {
    const { access_token: token } = await issued('/oauth/token', {
      grant_type: 'client_credentials',
      ...SHOP,
    })
    await harness.post('/oauth/revoke', { ...SHOP, token })
    for (const path of ['/oauth/introspect', `${REALM}/token/introspect`]) {
      const response = await harness.post(path, { ...SHOP, token }, { accept })
      expect([response.status, response.body]).toEqual([200, '{"active":false}'])
    }
  })
})

describe('V-19 V-53 T152 nothing of a request becomes part of a page', () => {
  const SCRIPT = '"><script>alert(1)</script>'

  function expectInert({ headers, body }: TestResponse): void {
    const type = Object.entries(headers).find(([name]) => name.toLowerCase() === 'content-type')?.[1] ?? ''
    if (!/json/.test(type)) expect([type, body]).toEqual([type, ''])
    for (const [name, value] of Object.entries(headers)) {
      if (name.toLowerCase() !== 'content-type') expect(value).not.toContain('<script>')
    }
  }

  test.each(POSTS)('of %s', async (path) => {
    for (const accept of ['text/html', 'application/json', SCRIPT]) {
      for (const name of [
        'grant_type',
        'client_id',
        'scope',
        'state',
        'username',
        'token',
        'error',
        SCRIPT,
      ]) {
        const response = await harness.post(
          path,
          { ...SHOP, grant_type: 'password', [name]: SCRIPT },
          { accept },
        )
        expect(response.status).toBeLessThan(500)
        expectInert(response)
      }
      expectInert(await harness.post(`${path}?state=${SCRIPT}&password=${SCRIPT}`, {}, { accept }))
      expectInert(await harness.post(`${path}/${SCRIPT}`, {}, { accept }))
    }
  })
})

describe('V-38 T143 no page of another origin may read an answer', () => {
  const ORIGINS = [
    'https://evil.example',
    'null',
    'https://dodici.x.newstore.net.evil.example',
    'https://dodici.x.newstore.net',
  ]

  function expectClosed({ headers }: TestResponse): void {
    expect(Object.keys(headers).filter((name) => /^access-control-/i.test(name))).toEqual([])
  }

  test.each(ORIGINS)('Origin: %s', async (origin) => {
    const asked = { origin, cookie: 'session=1', 'access-control-request-method': 'POST' }
    for (const path of POSTS) {
      expectClosed(await harness.post(path, { ...ANN, ...SHOP }, asked))
      expectClosed(await harness.post(path, {}, asked))
    }
    for (const path of [...POSTS, ...GETS, '/nowhere']) {
      for (const method of ['GET', 'OPTIONS'])
        expectClosed(await harness.send({ method, path, headers: asked }))
    }
  })
})

describe('V-44 nobody is not somebody', () => {
  const SPREE = '/spree_oauth/token'

  test('what a client has for itself is no user’s, and not for those who name no client', async () => {
    const machine = await issued(SPREE, { grant_type: 'client_credentials', ...SHOP })
    expect((await refreshWith(SPREE, machine.refresh_token)).status).toBe(400)
    expect((await refreshWith('/v0/refresh_token', machine.refresh_token)).status).toBe(403)
    expect((await refreshWith(SPREE, machine.refresh_token, SHOP)).status).toBe(200)
  })

  test('what a user has without a client stays so, whoever refreshes it, and is no client’s to ask about', async () => {
    const user = await issued(SPREE, ANN)
    const second = (await refreshWith(SPREE, user.refresh_token, SHOP)).json()
    const headers = { authorization: `Bearer ${second.access_token}` }
    const info = await harness.send({ method: 'GET', path: `${SPREE}/info`, headers })
    expect(info.json().application).toEqual({ uid: null })
    for (const client of [SHOP, OTHER]) {
      const asked = await harness.post('/oauth/introspect', { ...client, token: second.access_token })
      expect(asked.body).toBe('{"active":false}')
    }
  })

  test.each(['', ' ', 'null', 'undefined', '0'])('a client with the id %j is none', async (client_id) => {
    const user = await issued(SPREE, ANN)
    const response = await harness.post('/oauth/introspect', { client_id, token: user.access_token })
    expect(response.status).toBeGreaterThanOrEqual(400)
    expect(response.body).not.toContain('"active":true')
  })
})

test('V-52 T043 a public client that is told its token is revoked can rely on it', async () => {
  await harness.client({ id: 'page', public: true, grants: ['password', 'refresh_token'], scopes: ['read'] })
  const page = { client_id: 'page' }
  for (const member of ['access_token', 'refresh_token']) {
    const tokens = await issued('/oauth/token', { ...ANN, ...page })
    expect((await harness.post('/oauth/revoke', { ...page, token: tokens[member] })).status).toBe(200)
    expect((await refreshWith('/oauth/token', tokens.refresh_token, page)).status).toBe(400)
    const asked = await harness.post('/oauth/introspect', { ...SHOP, token: tokens.access_token })
    expect(asked.body).toBe('{"active":false}')
  }
})

test('V-54 T062 a client that has a secret is confidential, whatever its type says', async () => {
  const secrets = [{ id: 'first', name: null, hash: hashClientSecret(SECRET), createdAt: 0, expiresAt: null }]
  const row = await harness.client({ id: 'both', public: true, scopes: ['read'] })
  const known = await harness.store.findClient('dodici', row.id)
  if (known === null) throw new Error('no such client')
  await harness.store.updateClient({ ...known, secrets })
  for (const path of ['/oauth/token', '/spree_oauth/token', `${REALM}/token`]) {
    for (const form of [{ grant_type: 'client_credentials' }, ANN]) {
      const response = await harness.post(path, { ...form, client_id: 'both' })
      expect([response.status, response.json().error]).toEqual([401, 'invalid_client'])
    }
  }
})

describe('V-75 T041 a refresh is for the audience of its grant', () => {
  test.each(['resource', 'audience'])('%s changes nothing', async (name) => {
    await harness.client({ id: 'jwt', secret: SECRET, scopes: ['read'], accessToken: 'jwt' })
    const jwt = { client_id: 'jwt', client_secret: SECRET }
    const audienceOf = ({ access_token: token }: { access_token: string }) =>
      JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()).aud
    const wanted = { [name]: 'https://bank.example/' }
    const first = await issued('/oauth/token', { ...ANN, ...jwt, ...wanted })
    const second = (await refreshWith('/oauth/token', first.refresh_token, { ...jwt, ...wanted })).json()
    expect([audienceOf(first), audienceOf(second)]).toEqual([TENANT.issuer, TENANT.issuer])
  })
})

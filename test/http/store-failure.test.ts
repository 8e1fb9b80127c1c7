/** T011, T047: while the store fails, every surface says so in its own words, and nobody is told what is not true. */
import { beforeEach, describe, expect, test } from 'vitest'
import { StoreUnavailable } from '../../src/store/errors.ts'
import type { Store } from '../../src/store/store.ts'
import { createHarness, type Harness, TENANT, type TestResponse } from '../harness.ts'

const PASSWORD = 'V3lC4EvMV1X5h3HsB_VU'
const OPAQUE = { id: 'till', secret: 'the-secret-of-a-client-with-opaque-tokens-ok' }
const JWT = { id: 'shop', secret: 'the-secret-of-a-client-that-has-JWTs-instead' }
const SERVER = { id: 'api', secret: 'the-secret-of-a-resource-server-that-asks-all' }

const REALM = '/auth/realms/dodici/protocol/openid-connect'
const SURFACES = ['newstore', 'spree', 'standard', 'realm'] as const
type Surface = (typeof SURFACES)[number]

const PATHS: Readonly<
  Record<Surface, { token: string; refresh: string; revoke: string | null; introspect: string | null }>
> = {
  newstore: { token: '/v0/token', refresh: '/v0/refresh_token', revoke: null, introspect: null },
  spree: {
    ...{ token: '/spree_oauth/token', refresh: '/spree_oauth/token' },
    ...{ revoke: '/spree_oauth/revoke', introspect: '/spree_oauth/introspect' },
  },
  standard: {
    token: '/oauth/token',
    refresh: '/oauth/token',
    revoke: '/oauth/revoke',
    introspect: '/oauth/introspect',
  },
  realm: {
    ...{ token: `${REALM}/token`, refresh: `${REALM}/token` },
    ...{ revoke: `${REALM}/revoke`, introspect: `${REALM}/token/introspect` },
  },
}

let harness: Harness

beforeEach(async () => {
  const on = { newstore: {}, spree: {}, standard: { passwordGrant: true }, realm: { passwordGrant: true } }
  harness = createHarness({ tenants: [{ ...TENANT, signingAlgorithm: 'ES256', surfaces: on }] })
  await harness.user({ username: 'ann', password: PASSWORD })
  await harness.client({ ...OPAQUE, accessToken: 'opaque' })
  await harness.client({ ...JWT, accessToken: 'jwt' })
  await harness.client({ ...SERVER, introspect: 'any' })
})

/** As disks, networks and lost locks make it: from now on the method rejects. */
function fail(methods: readonly (keyof Store)[], error: () => Error): () => void {
  const works = Object.fromEntries(methods.map((method) => [method, harness.store[method]]))
  Object.assign(
    harness.store,
    Object.fromEntries(methods.map((method) => [method, () => Promise.reject(error())])),
  )
  return () => void Object.assign(harness.store, works)
}

const unavailable = () =>
  new StoreUnavailable('SQLITE_FULL: database or disk is full, /var/lib/mintkeeper.db')

function as({ id, secret }: { readonly id: string; readonly secret: string }) {
  return { authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}` }
}

async function tokens(surface: Surface, client: typeof JWT): Promise<{ access: string; refresh: string }> {
  const form = { grant_type: 'password', username: 'ann', password: PASSWORD }
  const { status, json } = await harness.post(PATHS[surface].token, form, as(client))
  expect(status).toBe(200)
  return { access: json().access_token, refresh: json().refresh_token }
}

/** 503 in the surface's own form, with a time to try again, and no word of the disk. */
function expectUnavailable(surface: Surface, response: TestResponse): void {
  expect([response.status, response.header('retry-after')]).toEqual([503, '1'])
  expect(response.body).not.toMatch(/SQLITE|disk|\/var|database/i)
  const body = response.json()
  switch (surface) {
    case 'newstore':
      expect(body).toEqual({
        ...{ status: 503, message: 'Service Unavailable' },
        request_id: response.header('x-newstore-request-id'),
      })
      break
    case 'spree':
      expect(body).toEqual({ error: 'temporarily_unavailable', error_description: expect.any(String) })
      break
    default:
      expect(body).toEqual({ error: 'temporarily_unavailable', error_description: expect.any(String) })
      expect(response.header('content-type')).toBe('application/json')
  }
  expect(response.header('www-authenticate')).toBeNull()
  expect(harness.entries.at(-1)).toMatchObject({
    outcome: 'temporarily_unavailable',
    reason: 'store_unavailable',
  })
}

describe.each(SURFACES)('at %s', (surface) => {
  const paths = PATHS[surface]
  const login = { grant_type: 'password', username: 'ann', password: PASSWORD }

  test.each(['issue', 'findUserByLogin'] as const)('a login while %s fails', async (method) => {
    const heal = fail([method], unavailable)
    expectUnavailable(surface, await harness.post(paths.token, login, as(OPAQUE)))
    heal()
    expect((await harness.post(paths.token, login, as(OPAQUE))).status).toBe(200)
  })

  test.each(['findToken', 'findUser', 'issue'] as const)(
    'a refresh while %s fails, and again',
    async (method) => {
      const { refresh } = await tokens(surface, OPAQUE)
      const form = { grant_type: 'refresh_token', refresh_token: refresh }
      const heal = fail([method], unavailable)
      const response = await harness.post(paths.refresh, form, as(OPAQUE))
      // Under `keep` a refresh for a JWT writes nothing.
      if (surface === 'newstore' && method === 'issue') expect(response.status).toBe(200)
      else expectUnavailable(surface, response)
      heal()
      // Nothing was spent.
      const again = await harness.post(paths.refresh, form, as(OPAQUE))
      expect([again.status, harness.entries.at(-1)?.note]).toEqual([200, null])
    },
  )

  test('a client while findClient fails', async () => {
    fail(['findClient'], unavailable)
    const response = await harness.post(paths.token, { grant_type: 'client_credentials' }, as(JWT))
    if (surface === 'newstore') expect(response.status).toBe(400)
    else expectUnavailable(surface, response)
  })

  test('a bug is 500, never 503, and says nothing', async () => {
    fail(['issue'], () => new TypeError('x is not a function in /srv/mintkeeper'))
    const response = await harness.post(paths.token, login, as(OPAQUE))
    expect([response.status, response.header('retry-after')]).toEqual([500, null])
    expect(response.body).not.toMatch(/function|srv|TypeError/)
    expect(harness.entries.at(-1)).toMatchObject({
      outcome: 'server_error',
      reason: 'unexpected',
      cause: expect.any(TypeError),
    })
  })
})

const STANDARD_SHAPED = ['spree', 'standard', 'realm'] as const

describe.each(STANDARD_SHAPED)('T047 a revocation at %s', (surface) => {
  const { revoke, introspect } = PATHS[surface] as { revoke: string; introspect: string }

  const isActive = async (token: string) => {
    const response = await harness.post(introspect, { token }, as(SERVER))
    expect(response.status).toBe(200)
    return response.json().active
  }

  const cases = [
    ['a refresh token', JWT, 'refresh'],
    ['an access token', OPAQUE, 'access'],
    ['a JWT', JWT, 'access'],
  ] as const

  test.each(cases)('of %s is never 200 before it is true', async (_, client, kind) => {
    for (const error of [unavailable, () => new Error('a bug')]) {
      const issued = await tokens(surface, client)
      const token = issued[kind]
      const form = { token }
      const heal = fail(['revokeFamily', 'revokeToken', 'denyJwt'], error)
      const response = await harness.post(revoke, form, as(client))
      if (error === unavailable) expectUnavailable(surface, response)
      else expect(response.status).toBe(500)
      heal()
      expect(await isActive(token)).toBe(true)
      expect((await harness.post(revoke, form, as(client))).status).toBe(200)
      expect(await isActive(token)).toBe(false)
    }
  })

  test('of a client’s own token likewise', async () => {
    for (const client of [OPAQUE, JWT]) {
      const issued = await harness.post(
        PATHS[surface].token,
        { grant_type: 'client_credentials' },
        as(client),
      )
      const token = issued.json().access_token
      const heal = fail(['revokeFamily', 'revokeToken', 'denyJwt'], unavailable)
      expectUnavailable(surface, await harness.post(revoke, { token }, as(client)))
      heal()
      expect(await isActive(token)).toBe(true)
    }
  })

  test.each(['findToken', 'findImportedToken', 'findClient', 'isJwtDenied', 'findUser'] as const)(
    'while %s fails says nothing that is not true',
    async (method) => {
      for (const client of [OPAQUE, JWT]) {
        const { access, refresh } = await tokens(surface, client)
        for (const token of [access, refresh, 'unknown']) {
          const heal = fail([method], unavailable)
          const response = await harness.post(revoke, { token }, as(client))
          heal()
          if (response.status !== 200) expectUnavailable(surface, response)
          else if (token !== 'unknown') expect(await isActive(token)).toBe(false)
        }
      }
    },
  )

  test('a reused refresh token that can not end its family is not refused as if it had', async () => {
    const { refresh } = await tokens(surface, OPAQUE)
    const form = { grant_type: 'refresh_token', refresh_token: refresh }
    const next = (await harness.post(PATHS[surface].refresh, form, as(OPAQUE))).json()
    const then = { grant_type: 'refresh_token', refresh_token: next.refresh_token }
    expect((await harness.post(PATHS[surface].refresh, then, as(OPAQUE))).status).toBe(200)
    const heal = fail(['revokeFamily'], unavailable)
    expectUnavailable(surface, await harness.post(PATHS[surface].refresh, form, as(OPAQUE)))
    heal()
    expect((await harness.post(PATHS[surface].refresh, form, as(OPAQUE))).status).toBe(400)
    expect(await isActive(next.access_token)).toBe(false)
  })
})

describe.each(STANDARD_SHAPED)('an introspection at %s', (surface) => {
  const introspect = PATHS[surface].introspect as string

  test.each(['findToken', 'findClient', 'findUser', 'isJwtDenied'] as const)(
    'while %s fails is not "inactive" of what is live',
    async (method) => {
      for (const client of [OPAQUE, JWT]) {
        const { access, refresh } = await tokens(surface, client)
        const own = await harness.post(PATHS[surface].token, { grant_type: 'client_credentials' }, as(client))
        for (const token of [access, refresh, own.json().access_token]) {
          const heal = fail([method], unavailable)
          const response = await harness.post(introspect, { token }, as(SERVER))
          heal()
          if (response.status === 200) expect(response.json().active).toBe(true)
          else expectUnavailable(surface, response)
        }
      }
    },
  )

  test('of what was first seen while nothing can be written is true', async () => {
    const { access } = await tokens(surface, OPAQUE)
    fail(['markSeen', 'issue', 'revokeToken', 'revokeFamily'], unavailable)
    const response = await harness.post(introspect, { token: access }, as(SERVER))
    expect([response.status, response.json().active]).toEqual([200, true])
  })
})

test('token info while nothing can be read, and while nothing can be written', async () => {
  const first = await tokens('spree', OPAQUE)
  const form = { grant_type: 'refresh_token', refresh_token: first.refresh }
  const next = (await harness.post('/spree_oauth/token', form, as(OPAQUE))).json()
  const info = () =>
    harness.send({
      method: 'GET',
      path: '/spree_oauth/token/info',
      headers: { authorization: `Bearer ${next.access_token}` },
    })
  for (const method of ['findToken', 'findUser', 'findClient'] as const) {
    const heal = fail([method], unavailable)
    expectUnavailable('spree', await info())
    heal()
  }
  const heal = fail(['markSeen'], unavailable)
  expect((await info()).status).toBe(200)
  expect(harness.entries.at(-1)?.note).toBe('first use not stored')
  heal()
  // The next time it is noted.
  expect((await info()).status).toBe(200)
  expect(harness.entries.at(-1)?.note).toBeNull()
  expect(
    (await harness.post('/spree_oauth/introspect', { token: first.access }, as(SERVER))).json().active,
  ).toBe(false)
})

test('documents and keys are served without the store once they are known', async () => {
  const paths = ['/.well-known/jwks.json', '/.well-known/openid-configuration', '/v0/openapi.json']
  const before = await Promise.all(paths.map((path) => harness.send({ method: 'GET', path })))
  const names = Object.keys(harness.store) as (keyof Store)[]
  fail(names, unavailable)
  for (const [index, path] of paths.entries()) {
    const response = await harness.send({ method: 'GET', path })
    expect([response.status, response.body]).toEqual([200, before[index]!.body])
  }
})

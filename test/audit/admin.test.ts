/** T162: every request to the admin API that changes something leaves one event; the routes are those that there are. */
import { describe, expect, test } from 'vitest'
import { ROUTES } from '../../src/admin/routes/index.ts'
import { findToken } from '../../src/cli/find-token.ts'
import { revokeToken } from '../../src/cli/revoke-token.ts'
import { createTenantDirectory } from '../../src/http/tenant.ts'
import type { AuditEntry } from '../../src/store/audit.ts'
import { SURFACES } from '../../src/surfaces/index.ts'
import { ADMIN_TOKEN, type AdminHarness, BASE, createAdminHarness } from '../admin/harness.ts'
import { TENANT } from '../harness.ts'
import { everyEvent } from './listed.ts'

const REQUEST_ID = '9287978a-6641-410e-b7db-102c22a4f392'
const SECRET = 'canary-secret-0123456789-0123456789-0123456789'
const PASSWORD = 'canary-password-0123456789'
const USER = 'auth0|ann'

interface Recipe {
  /** What is done with the route, if there are several. */
  readonly what?: string
  /** Values of the path's parameters but the tenant. */
  readonly at?: Readonly<Record<string, string>>
  readonly body?: unknown
  /** What must have happened before; what it gives is added to the body. */
  readonly first?: (harness: AdminHarness) => Promise<object | undefined>
  readonly leaves: Partial<AuditEntry>
}

const ROW = expect.stringMatching(/^[0-9a-z]+$/)
const LOGIN = { grant_type: 'password', username: 'ann', password: PASSWORD }
const fail = (path: string, form: Readonly<Record<string, string>>) => async (harness: AdminHarness) => {
  expect((await harness.post(path, form)).status).toBeGreaterThanOrEqual(400)
  return undefined
}
const failedLogin = fail('/spree_oauth/token', { ...LOGIN, password: 'wrong' })
/** Of a client whose secret somebody has chosen, which can be guessed. */
const failedClient = async (harness: AdminHarness) => {
  await harness.admin('POST', `${BASE}/clients`, { body: { id: 'weak', secret: 'canary-weak' } })
  const form = { grant_type: 'client_credentials', client_id: 'weak', client_secret: 'wrong' }
  return await fail('/oauth/token', form)(harness)
}
const activeKid = async ({ store }: AdminHarness) =>
  (await store.listSigningKeys(TENANT.id)).find(({ state }) => state === 'active')?.kid ?? ''

/** By operation. A route that changes something and is not here fails the test. */
const RECIPES: Readonly<Record<string, readonly Recipe[]>> = {
  createUser: [
    {
      body: { id: 'bob', username: 'bob', password: PASSWORD },
      leaves: { type: 'user.create', user: 'bob' },
    },
  ],
  updateUser: [
    {
      what: 'a password',
      at: { id: USER },
      body: { password: `${PASSWORD}-new`, roles: ['admin'] },
      leaves: { type: 'user.update', user: USER, details: 'password roles tokensValidAfter' },
    },
    {
      what: 'the end of all access',
      at: { id: USER },
      body: { disabled: true, roles: [] },
      leaves: { type: 'user.update', user: USER, details: 'disabled tokensValidAfter' },
    },
  ],
  deleteUser: [{ at: { id: USER }, leaves: { type: 'user.delete', user: USER } }],
  clearLoginFailuresOfUser: [
    { at: { id: USER }, first: failedLogin, leaves: { type: 'user.unblock', user: USER } },
  ],
  clearLoginFailuresOfClient: [
    { at: { id: 'weak' }, first: failedClient, leaves: { type: 'client.unblock', client: 'weak' } },
  ],
  clearLoginFailuresOfSource: [
    {
      what: 'of users and clients',
      at: { source: '192.0.2.1' },
      first: async (harness) => {
        await failedClient(harness)
        return await failedLogin(harness)
      },
      leaves: { type: 'source.unblock', object: '192.0.2.1' },
    },
    {
      what: 'of clients',
      at: { source: '192.0.2.1' },
      first: failedClient,
      leaves: { type: 'source.unblock', object: '192.0.2.1' },
    },
  ],
  createClient: [
    {
      body: { id: 'made', secret: SECRET },
      leaves: { type: 'client.create', client: 'made' },
    },
  ],
  updateClient: [
    {
      at: { id: 'shop' },
      body: { name: 'Shop', scopes: ['read'] },
      leaves: { type: 'client.update', client: 'shop', details: 'name scopes' },
    },
  ],
  deleteClient: [{ at: { id: 'shop' }, leaves: { type: 'client.delete', client: 'shop' } }],
  addClientSecret: [
    {
      what: 'one that is given',
      at: { id: 'shop' },
      body: { secret: `${SECRET}-2` },
      leaves: { type: 'client_secret.add', client: 'shop', object: expect.stringMatching(/^[\w-]{16}$/) },
    },
    {
      what: 'one that is made',
      at: { id: 'shop' },
      body: { othersExpireIn: 60 },
      leaves: { type: 'client_secret.add', client: 'shop', object: expect.stringMatching(/^[\w-]{16}$/) },
    },
  ],
  changeClientSecret: [
    {
      at: { id: 'shop', secret: 'first' },
      body: { muted: true },
      leaves: { type: 'client_secret.update', client: 'shop', object: 'first' },
    },
  ],
  removeClientSecret: [
    {
      at: { id: 'shop', secret: 'first' },
      leaves: { type: 'client_secret.remove', client: 'shop', object: 'first' },
    },
  ],
  revokeTokens: [
    { what: 'of a user', body: { user: USER }, leaves: { type: 'user.end_tokens', user: USER } },
    { what: 'of a client', body: { client: 'shop' }, leaves: { type: 'client.end_tokens', client: 'shop' } },
    {
      what: 'of a tenant',
      body: { issuedBefore: 1_700_000_000 },
      leaves: { type: 'tenant.end_tokens', details: 'issued before 2023-11-14T22:13:20.000Z' },
    },
    {
      what: 'a single one',
      body: {},
      first: async (harness) => ({
        token: (await harness.post('/spree_oauth/token', LOGIN)).json().access_token,
      }),
      leaves: { type: 'token.revoke', user: USER, object: ROW, surface: 'spree' },
    },
  ],
  startBrownOut: [
    {
      body: { surface: 'spree', from: 1_767_225_700, to: 1_767_225_800 },
      leaves: {
        ...{ type: 'brownout.start', object: expect.stringMatching(/^[0-9a-f]{8}$/) },
        details: 'spree until 2026-01-01T00:03:20Z',
      },
    },
  ],
  endBrownOut: [
    {
      at: { id: 'begun' },
      async first({ store }) {
        const brownOut = { tenant: TENANT.id, id: 'begun', surface: 'spree', endedAt: null } as const
        await store.insertBrownOut({ ...brownOut, from: 1_767_225_700, to: 1_767_225_800 }, 1_767_225_600)
        return undefined
      },
      leaves: { type: 'brownout.end', object: 'begun' },
    },
  ],
  rotateKeys: [
    {
      body: { force: true },
      leaves: { type: 'signing_key.rotate', object: expect.any(String), details: expect.any(String) },
    },
  ],
  withdrawKey: [{ at: { kid: 'active' }, leaves: { type: 'signing_key.withdraw', object: 'active' } }],
}

const changing = ROUTES.filter(({ method }) => method !== 'get')
const cases = changing.flatMap(({ method, path, operationId = '' }) =>
  (RECIPES[operationId] ?? []).map((recipe) => ({
    ...{ operationId, method: method.toUpperCase(), path, recipe },
    name: recipe.what === undefined ? operationId : `${operationId}: ${recipe.what}`,
  })),
)

async function setUp(): Promise<AdminHarness> {
  const harness: AdminHarness = await createAdminHarness({
    loginFailures: { perUser: 10, perSource: 100 },
    admin: {
      async revokeToken(_, text, by) {
        const options = { defaultTenant: null, baseDomains: [] }
        const { tenants } = createTenantDirectory([TENANT], SURFACES, options)
        const found = await findToken(text, tenants, harness.services)
        return found === null
          ? 'unknown_token'
          : toOutcome(await revokeToken(text, found, harness.services, by))
      },
    },
  })
  await harness.user({ id: USER, username: 'ann', password: PASSWORD })
  await harness.client({ id: 'shop', secret: SECRET })
  await harness.services.keys.ensure(TENANT.id, TENANT.signingAlgorithm)
  return harness
}

function toOutcome(outcome: 'revoked' | 'dead'): 'revoked' | 'unknown_token' {
  return outcome === 'revoked' ? outcome : 'unknown_token'
}

/** As the listener hands it over: with the address it came from. */
async function request(
  harness: AdminHarness,
  method: string,
  url: string,
  body: unknown,
  token = ADMIN_TOKEN,
) {
  const headers = { authorization: `Bearer ${token}`, 'x-request-id': REQUEST_ID }
  const incoming = { socket: { remoteAddress: '198.51.100.7' } }
  const answer = await harness.adminApp.request(
    url,
    {
      method,
      headers: body === undefined ? headers : { ...headers, 'content-type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    },
    { incoming },
  )
  return { status: answer.status, text: await answer.text() }
}

test('every route that changes something is looked at here', () => {
  expect(changing.length).toBeGreaterThan(10)
  expect(Object.keys(RECIPES).toSorted()).toEqual(changing.map(({ operationId }) => operationId).toSorted())
})

describe.each(cases)('T162 $name', ({ method, path, recipe }) => {
  async function prepared() {
    const harness = await setUp()
    const added = await recipe.first?.(harness)
    const kid = await activeKid(harness)
    const real = (text: string) => (text === 'active' ? kid : text)
    const at: Readonly<Record<string, string>> = { tenant: TENANT.id, ...recipe.at }
    const url = (values: Readonly<Record<string, string>>) =>
      path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(real(values[name] ?? '')))
    const body = recipe.body === undefined ? undefined : { ...recipe.body, ...added }
    return { harness, url: url(at), strange: url({ ...at, tenant: 'nobody' }), body, real }
  }

  test('leaves one event: who, what, when, from where', async () => {
    const { harness, url, body, real } = await prepared()
    const before = await everyEvent(harness.store)
    harness.advance(1)
    const { status, text } = await request(harness, method, url, body)
    expect([status, text]).toEqual([expect.toBeOneOf([200, 201, 204]), text])
    const left = (await everyEvent(harness.store)).slice(before.length)
    const { object } = recipe.leaves
    expect(left).toEqual([
      {
        ...{ id: expect.any(String), atMs: harness.now() * 1000, tenant: TENANT.id, actor: 'admin' },
        ...{ user: null, client: null, surface: null, source: '198.51.100.7', requestId: REQUEST_ID },
        ...{ result: 'ok', reason: null, details: null },
        ...recipe.leaves,
        object: typeof object === 'string' ? real(object) : (object ?? null),
      },
    ])
    const made = text === '' ? null : JSON.parse(text).secret
    for (const secret of [SECRET, PASSWORD, made, (body as { token?: string } | undefined)?.token]) {
      if (secret) expect(JSON.stringify(left)).not.toContain(secret)
    }
  })

  test('leaves none when it is refused', async () => {
    const { harness, url, strange, body } = await prepared()
    const before = await everyEvent(harness.store)
    const refused = [
      await request(harness, method, url, body, 'wrong'),
      await request(harness, method, strange, body),
      ...(body === undefined ? [] : [await request(harness, method, url, { nothing: 1 })]),
    ]
    expect(refused.map(({ status }) => status)).toEqual([401, 404, 400].slice(0, refused.length))
    expect(await everyEvent(harness.store)).toEqual(before)
  })
})

test('a change that is meant for another version leaves none', async () => {
  const harness = await setUp()
  const before = await everyEvent(harness.store)
  const headers = { 'if-match': '"7"' }
  const { status } = await harness.admin('PATCH', `${BASE}/users/${encodeURIComponent(USER)}`, {
    ...{ body: { roles: ['admin'] }, headers },
  })
  expect(status).toBe(412)
  expect(await everyEvent(harness.store)).toEqual(before)
})

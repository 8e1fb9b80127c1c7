/** T162: every request to the admin API that changes something leaves one event; the routes are those that there are. */
import { describe, expect, test } from 'vitest'
import { ROUTES } from '../../src/admin/routes/index.ts'
import { findToken } from '../../src/cli/find-token.ts'
import { revokeToken } from '../../src/cli/revoke-token.ts'
import { createTenantDirectory } from '../../src/http/tenant.ts'
import { SURFACES } from '../../src/surfaces/index.ts'
import { ADMIN_TOKEN, type AdminHarness, BASE, createAdminHarness } from '../admin/harness.ts'
import { TENANT } from '../harness.ts'
import { activeKid, PASSWORD, RECIPES, SECRET, USER } from './admin-recipes.ts'
import { everyEvent } from './listed.ts'

const REQUEST_ID = '9287978a-6641-410e-b7db-102c22a4f392'

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
    const expected = [recipe.leaves, ...(recipe.besides === undefined ? [] : [recipe.besides])]
    expect(left).toEqual(
      expected.map((leaves) => ({
        ...{ id: expect.any(String), atMs: harness.now() * 1000, tenant: TENANT.id, actor: 'admin' },
        ...{ user: null, client: null, surface: null, source: '198.51.100.7', requestId: REQUEST_ID },
        ...{ result: 'ok', reason: null, details: null },
        ...leaves,
        object: typeof object === 'string' ? real(object) : (object ?? null),
      })),
    )
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

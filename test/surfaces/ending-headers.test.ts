/** R130, R131, R132 on every answer of the legacy surfaces: of each path, method and kind of answer they have. */
import { describe, expect, test } from 'vitest'
import type { SurfaceSettings } from '../../src/protocol/policy.ts'
import { StoreUnavailable } from '../../src/store/errors.ts'
import type { TenantRow } from '../../src/store/rows.ts'
import type { Store } from '../../src/store/store.ts'
import { createMemoryStore } from '../../src/stores/memory.ts'
import { SURFACES } from '../../src/surfaces/index.ts'
import { createHarness, type Harness, type HarnessOptions, type TestRequest } from '../harness.ts'
import { addClients, PASSWORD, tenantOfFaces } from './faces.ts'

const NOW = 1_767_225_600
const DEPRECATED = Date.UTC(2025, 4, 1) / 1000
const SUNSET = Date.UTC(2027, 5, 30) / 1000

const SETTINGS: SurfaceSettings = {
  deprecated: DEPRECATED,
  sunset: SUNSET,
  sunsetPolicy: 'https://example.com/policy',
  migrationGuide: 'https://example.com/guide',
}

const NEWSTORE_LINK =
  '<https://example.com/guide>; rel="deprecation"; type="text/html", <https://main.example/auth/realms/main/protocol/openid-connect/token>; rel="successor-version", <https://example.com/policy>; rel="sunset"'

/** Each with the statuses it has answers of. */
const LEGACY = [
  {
    name: 'newstore',
    deprecation: '@1704672000',
    link: NEWSTORE_LINK,
    statuses: [200, 400, 403, 404, 405, 410, 413, 429, 500, 503],
  },
  {
    name: 'spree',
    deprecation: `@${DEPRECATED}`,
    link: NEWSTORE_LINK.replace('/auth/realms/main/protocol/openid-connect/token', '/oauth/token'),
    statuses: [200, 400, 401, 403, 404, 405, 410, 413, 429, 500, 503],
  },
] as const

const FORM = { 'content-type': 'application/x-www-form-urlencoded' }
const BEARER = { authorization: 'Bearer nothing' }
const METHODS = ['GET', 'POST', 'HEAD', 'PUT', 'DELETE', 'OPTIONS', 'PATCH']

/** What is sent to every path with every method. */
const BODIES: readonly Pick<TestRequest, 'headers' | 'body'>[] = [
  { body: '' },
  { body: '{', headers: { 'content-type': 'application/json' } },
  { body: '<', headers: { 'content-type': 'application/xml' } },
  { body: 'x', headers: { 'content-type': 'image/png' } },
  { body: 'x'.repeat(70_000), headers: FORM },
  { body: '', headers: BEARER },
  ...[
    { grant_type: 'password', username: 'ann', password: PASSWORD },
    { grant_type: 'password', username: 'ann', password: 'wrong' },
    { grant_type: 'refresh_token', refresh_token: 'x'.repeat(45) },
    { grant_type: 'client_credentials', client_id: 'opaque', client_secret: PASSWORD },
    { grant_type: 'client_credentials', client_id: 'opaque', client_secret: 'wrong' },
    { grant_type: 'authorization_code' },
    { token: 'x', client_id: 'opaque', client_secret: PASSWORD },
  ].map((form) => ({ body: new URLSearchParams(form).toString(), headers: FORM })),
]

function requestsOf(name: string): readonly TestRequest[] {
  const surface = SURFACES.find((each) => each.name === name)
  const paths = (surface?.routes ?? []).flatMap((route) => route.paths)
  expect(paths.length).toBeGreaterThan(4)
  const all = [...paths, ...paths.map((path) => `${path}?password=x`), `${surface?.prefix}nothing`]
  return all.flatMap((path) =>
    METHODS.flatMap((method) => BODIES.map((body) => ({ path, method, host: 'main.example', ...body }))),
  )
}

async function start(tenant: TenantRow, options: Partial<HarnessOptions> = {}): Promise<Harness> {
  const harness = createHarness({ tenants: [tenant], ...options })
  await addClients(harness)
  await harness.user({ tenant: 'main', username: 'ann', password: PASSWORD })
  return harness
}

/** Breaks as soon as it is told to. */
function fragile(broken: { thrown: Error | null }): Store {
  const store = createMemoryStore({ clock: () => NOW * 1000 })
  return new Proxy(store, {
    get(target, name, receiver) {
      const method: unknown = Reflect.get(target, name, receiver)
      if (typeof method !== 'function') return method
      return (...args: unknown[]) => {
        // Of what goes wrong the audit log is told, without I/O.
        if (broken.thrown !== null && name !== 'noteEvent') throw broken.thrown
        return Reflect.apply(method, target, args)
      }
    },
  })
}

/** The only request that spree answers with 403. */
async function revocationByAStranger(harness: Harness): Promise<TestRequest> {
  const form = { grant_type: 'client_credentials', client_id: 'opaque', client_secret: PASSWORD }
  const login = await harness.post('/spree_oauth/token', form)
  const token = login.status === 200 ? login.json().access_token : 'none'
  const body = new URLSearchParams({ token, client_id: 'stranger', client_secret: PASSWORD }).toString()
  return { path: '/spree_oauth/revoke', headers: FORM, host: 'main.example', body }
}

/** The same server in each state in which it answers otherwise. */
async function states(settings: SurfaceSettings): Promise<readonly Harness[]> {
  const tenant = tenantOfFaces(settings)
  const plain = await start(tenant)
  const broken = { thrown: null as Error | null }
  const bug = await start(tenant, { store: fragile(broken) })
  const down = { thrown: null as Error | null }
  const offline = await start(tenant, { store: fragile(down) })
  const limited = await start({ ...tenant, requestsPerSecond: 1 })
  const browned = await start(tenantOfFaces({ ...settings, brownOuts: [{ from: NOW - 10, to: NOW + 90 }] }))
  const over = await start(tenant)
  over.advance(SUNSET - NOW)
  broken.thrown = new Error('a bug')
  down.thrown = new StoreUnavailable('the disk is full')
  return [plain, bug, offline, limited, browned, over]
}

describe.each(LEGACY)('$name', ({ name, deprecation, link, statuses }) => {
  test('R130 R131 R132 every answer says that it ends, when, and where to go', async () => {
    const seen = new Set<number>()
    for (const harness of await states(SETTINGS)) {
      const more = name === 'spree' ? [await revocationByAStranger(harness)] : []
      for (const request of [...requestsOf(name), ...more]) {
        const answer = await harness.send(request)
        seen.add(answer.status)
        const headers = ['deprecation', 'sunset', 'link'].map((header) => answer.header(header))
        const where = `${request.method} ${request.path} ${request.body?.slice(0, 50)} ${answer.status}`
        expect([where, ...headers]).toEqual([where, deprecation, 'Wed, 30 Jun 2027 00:00:00 GMT', link])
      }
    }
    expect([...seen].toSorted()).toEqual(statuses)
  })
})

test('spree says nothing of the kind unless it is told to', async () => {
  const harness = await start({ ...tenantOfFaces(), surfaces: null })
  for (const request of requestsOf('spree')) {
    const answer = await harness.send(request)
    const headers = ['deprecation', 'sunset', 'link'].map((header) => answer.header(header))
    expect([request.path, ...headers]).toEqual([request.path, null, null, null])
  }
})

const AT_STANDARD = '/oauth/token'
const AT_REALM = '/auth/realms/main/protocol/openid-connect/token'

test.each([
  ['spree', ['standard', 'realm'], AT_STANDARD],
  ['spree', ['realm'], AT_REALM],
  ['spree', [], null],
  ['newstore', ['standard', 'realm'], AT_REALM],
  ['newstore', ['standard'], AT_STANDARD],
  ['newstore', [], null],
] as const)('R132 %s names an endpoint that is on: with %j beside it', async (name, others, successor) => {
  const surfaces = Object.fromEntries(others.map((other) => [other, {}]))
  const settings = name === 'spree' ? { deprecated: DEPRECATED } : {}
  const harness = await start({ ...tenantOfFaces(), surfaces: { [name]: settings, ...surfaces } })
  const path = name === 'spree' ? '/spree_oauth/token' : '/v0/token'
  const answer = await harness.send({ path, host: 'main.example' })
  const since = name === 'spree' ? `@${DEPRECATED}` : '@1704672000'
  expect([answer.header('deprecation'), answer.header('sunset')]).toEqual([since, null])
  const [, url = null] = /<([^>]+)>; rel="successor-version"/.exec(answer.header('link') ?? '') ?? []
  expect(url).toBe(successor === null ? null : `https://main.example${successor}`)
  // What is on answers what it is not asked right.
  if (successor !== null)
    expect((await harness.send({ path: successor, host: 'main.example' })).status).toBe(400)
})

/** Every surface, and each form its tokens have there, behind one interface: for what must hold on all of them. */
import { expect } from 'vitest'
import { findToken } from '../../src/cli/find-token.ts'
import { revokeToken } from '../../src/cli/revoke-token.ts'
import { createTenantDirectory } from '../../src/http/tenant.ts'
import type { SurfaceName, SurfaceSettings } from '../../src/protocol/policy.ts'
import { BY_SERVER } from '../../src/store/change-event.ts'
import type { TenantRow } from '../../src/store/rows.ts'
import { SURFACES } from '../../src/surfaces/index.ts'
import { createHarness, type Harness, TENANT, type TestResponse } from '../harness.ts'

export const PASSWORD = 'V3lC4EvMV1X5h3HsB_VU'

export interface Answer {
  readonly access_token: string
  readonly refresh_token: string
  /** Spree leaves it out where there is none. */
  readonly scope?: string
}

type Form = Readonly<Record<string, string>>

/** One surface as an integration sees it. */
export interface Face {
  readonly name: string
  readonly surface: SurfaceName
  readonly tokenPath: string
  readonly refreshPath: string
  /** Null: it has no such endpoint. */
  readonly revokePath: string | null
  readonly introspectPath: string | null
  /** The client that takes part. Null: none does. */
  readonly client: string | null
  /** Two scopes a login has, the first of which a refresh can not do without. NewStore's has more, whatever is asked. */
  readonly scope: string
  /** What a refused refresh is answered with; 403 has no code. */
  readonly refusal: { readonly status: number; readonly error: string | undefined }
}

const REALM = `/auth/realms/main/protocol/openid-connect`
const INVALID_GRANT = { status: 400, error: 'invalid_grant' }

const STANDARD: Omit<Face, 'name' | 'client'> = {
  surface: 'standard',
  tokenPath: '/oauth/token',
  refreshPath: '/oauth/token',
  revokePath: '/oauth/revoke',
  introspectPath: '/oauth/introspect',
  scope: 'read write',
  refusal: INVALID_GRANT,
}

const SPREE: Omit<Face, 'name' | 'client'> = {
  ...STANDARD,
  surface: 'spree',
  tokenPath: '/spree_oauth/token',
  refreshPath: '/spree_oauth/token',
  revokePath: '/spree_oauth/revoke',
  introspectPath: '/spree_oauth/introspect',
}

export const FACES: readonly Face[] = [
  {
    name: 'newstore',
    surface: 'newstore',
    tokenPath: '/v0/token',
    refreshPath: '/v0/refresh_token',
    revokePath: null,
    introspectPath: null,
    client: null,
    scope: 'offline_access read:current_user',
    refusal: { status: 403, error: undefined },
  },
  { ...SPREE, name: 'spree without a client', client: null },
  { ...SPREE, name: 'spree', client: 'opaque' },
  { ...STANDARD, name: 'standard, opaque', client: 'opaque' },
  { ...STANDARD, name: 'standard, JWT', client: 'jwt' },
  {
    ...STANDARD,
    name: 'realm',
    surface: 'realm',
    tokenPath: `${REALM}/token`,
    refreshPath: `${REALM}/token`,
    revokePath: `${REALM}/revoke`,
    introspectPath: `${REALM}/token/introspect`,
    client: 'jwt',
  },
]

/** The tenant of `FACES`, whose surfaces all have the settings too. */
export function tenantOfFaces(settings: SurfaceSettings = {}): TenantRow {
  return {
    ...TENANT,
    id: 'main',
    hosts: ['main.example'],
    issuer: 'https://main.example/',
    signingAlgorithm: 'ES256',
    surfaces: {
      newstore: settings,
      spree: settings,
      standard: { ...settings, passwordGrant: true },
      realm: { ...settings, passwordGrant: true },
    },
  }
}

/** A server with the clients of `FACES` and one that may introspect everything. */
export async function startFaces(settings: SurfaceSettings = {}): Promise<Harness> {
  const tenant = tenantOfFaces(settings)
  const harness = createHarness({ tenants: [tenant] })
  await harness.store.saveTenant(tenant)
  await addClients(harness)
  return harness
}

export async function addClients(harness: Harness): Promise<void> {
  const common = { tenant: 'main', secret: PASSWORD, scopes: ['read', 'write'] }
  for (const id of ['jwt', 'opaque'] as const) await harness.client({ ...common, id, accessToken: id })
  await harness.client({ ...common, id: 'stranger' })
  await harness.client({ ...common, id: 'api', introspect: 'any' })
}

export function credentials(client: string | null): Form {
  return client === null ? {} : { client_id: client, client_secret: PASSWORD }
}

let serial = 0

/** A new user, logged in. */
export async function loginOf(face: Face, harness: Harness): Promise<Answer & { readonly userId: string }> {
  const user = await harness.user({ tenant: 'main', username: `user${serial++}`, password: PASSWORD })
  return { ...(await loginAs(face, harness, user.username)), userId: user.id }
}

export async function loginAs(face: Face, harness: Harness, username: string): Promise<Answer> {
  const grant = { grant_type: 'password', username, password: PASSWORD, scope: face.scope }
  const response = await harness.post(face.tokenPath, { ...grant, ...credentials(face.client) })
  expect([response.status, response.body]).toEqual([200, expect.any(String)])
  return response.json()
}

export function refresh(
  face: Face,
  harness: Harness,
  refreshToken: string,
  parameters: Form = {},
): Promise<TestResponse> {
  const grant = { grant_type: 'refresh_token', refresh_token: refreshToken }
  return harness.post(face.refreshPath, { ...grant, ...credentials(face.client), ...parameters })
}

export async function refreshed(face: Face, harness: Harness, refreshToken: string): Promise<Answer> {
  const response = await refresh(face, harness, refreshToken)
  expect([response.status, response.body]).toEqual([200, expect.any(String)])
  return response.json()
}

/** The refresh is refused, as the surface says it. */
export async function expectRefused(face: Face, harness: Harness, refreshToken: string): Promise<void> {
  const response = await refresh(face, harness, refreshToken)
  expect([face.name, response.status, response.json().error]).toEqual([
    ...[face.name, face.refusal.status, face.refusal.error],
  ])
}

/** As its own client would, or, where the surface has no such endpoint, as the operator does. */
export async function revoke(
  face: Face,
  harness: Harness,
  token: string,
  parameters: Form = {},
): Promise<void> {
  if (face.revokePath === null) return await revokeAsOperator(harness, token)
  const response = await harness.post(face.revokePath, { token, ...credentials(face.client), ...parameters })
  expect([response.status, response.body]).toEqual([200, '{}'])
}

/** What the admin API and `token revoke` do. */
export async function revokeAsOperator(harness: Harness, token: string): Promise<void> {
  const directory = createTenantDirectory([tenantOfFaces()], SURFACES, {
    defaultTenant: null,
    baseDomains: [],
  })
  const found = await findToken(token, directory.tenants, harness.services)
  if (found !== null) await revokeToken(token, found, harness.services, BY_SERVER)
}

/** As a resource server sees it. What is not active is said in exactly these words. */
export async function isActive(harness: Harness, token: string): Promise<boolean> {
  const response = await harness.post('/oauth/introspect', { token, ...credentials('api') })
  expect(response.status).toBe(200)
  if (response.json().active === true) return true
  expect(response.body).toBe('{"active":false}')
  return false
}

/** Neither token of the answer is worth anything. */
export async function expectDead(face: Face, harness: Harness, answer: Answer): Promise<void> {
  expect([face.name, await isActive(harness, answer.access_token)]).toEqual([face.name, false])
  expect([face.name, await isActive(harness, answer.refresh_token)]).toEqual([face.name, false])
  await expectRefused(face, harness, answer.refresh_token)
}

export async function expectLive(face: Face, harness: Harness, answer: Answer): Promise<void> {
  expect([face.name, await isActive(harness, answer.access_token)]).toEqual([face.name, true])
  expect([face.name, await isActive(harness, answer.refresh_token)]).toEqual([face.name, true])
}

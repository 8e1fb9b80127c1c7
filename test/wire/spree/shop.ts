import { hash as bcrypt } from '@node-rs/bcrypt'
import { sha256 } from '../../../src/crypto/digest.ts'
import type { SurfaceSettings } from '../../../src/protocol/policy.ts'
import type { TokenRow } from '../../../src/store/rows.ts'
import { createHarness, type Harness, TENANT, type TestRequest, type TestResponse } from '../../harness.ts'

/** The clients of the recording: placeholders `{{NAME_uid}}` and `{{NAME_secret}}`. */
export const CLIENTS = {
  admin: { name: 'Admin app', scopes: ['admin'] },
  plain: { name: 'Plain app', scopes: [] },
  read: { name: 'Read app', scopes: ['read'] },
  public: { name: 'Public app', scopes: [] },
  old: { name: 'Old app', scopes: ['admin'] },
} as const

export function clientId(name: keyof typeof CLIENTS): string {
  return `${name}AppUid_`.padEnd(43, '0')
}

export function clientSecret(name: keyof typeof CLIENTS): string {
  return `${name}AppSecret_`.padEnd(43, '0')
}

const ADMIN = { id: '1', username: 'spree@example.com', password: 'spree123', roles: ['admin'] }
const CUSTOMER = { id: '2', username: 'customer@example.com', password: 'customer123' }

/** The server as the recorded shop was seeded, with two resources behind Spree's guards beside it. */
export interface Shop extends Harness {
  /** Sends a request to the token server or, outside `/spree_oauth`, to the resources. */
  visit(request: TestRequest): Promise<TestResponse>
}

export async function openShop(settings: SurfaceSettings = {}): Promise<Shop> {
  // "Settings" of the recording.
  const spree = { expiresIn: 2_629_746, clientCredentialsRefreshToken: false, ...settings }
  const harness = createHarness({ tenants: [{ ...TENANT, surfaces: { spree } }] })
  await seedUsers(harness)
  await seedClients(harness)
  await seedLegacyTokens(harness)
  const visit = (request: TestRequest) =>
    request.path.startsWith('/spree_oauth') ? harness.send(request) : visitResource(request, harness)
  return { ...harness, visit }
}

async function seedUsers(harness: Harness): Promise<void> {
  await harness.user(ADMIN)
  await harness.user(CUSTOMER)
  await harness.user({
    id: '3',
    username: 'bcrypt@example.com',
    passwordHash: await bcrypt('bcrypt123', 4),
  })
  await harness.user({
    id: '4',
    username: 'unconfirmed@example.com',
    password: 'pending123',
    disabled: true,
  })
  await harness.user({ id: '5', username: 'deleted@example.com', password: 'deleted123' })
  await harness.store.deleteUser(TENANT.id, '5')
}

async function seedClients(harness: Harness): Promise<void> {
  for (const [key, { name, scopes }] of Object.entries(CLIENTS)) {
    const id = key as keyof typeof CLIENTS
    await harness.client({
      id: clientId(id),
      secret: clientSecret(id),
      name,
      scopes,
      public: id === 'public',
    })
  }
  const old = await harness.store.findClient(TENANT.id, clientId('old'))
  if (old === null) throw new Error('the old client is gone')
  // What an import of a plain or bcrypt secret makes.
  const hash = await bcrypt(clientSecret('old'), 4)
  const secrets = old.secrets.map((secret) => ({ ...secret, hash }))
  await harness.store.updateClient({ ...old, secrets })
}

async function seedLegacyTokens({ store, now }: Harness): Promise<void> {
  const row = (access: string, refresh: string): TokenRow => ({
    key: store.nextKey(),
    tenant: TENANT.id,
    surface: 'spree',
    clientId: null,
    userId: CUSTOMER.id,
    grantType: 'password',
    scope: [],
    accessScope: [],
    issuedAt: now(),
    accessHash: sha256(access),
    accessExpiresAt: now() + 7200,
    refreshHash: sha256(refresh),
    refreshExpiresAt: null,
    familyExpiresAt: null,
    family: null,
    parent: null,
    successor: null,
    spentAt: null,
    supersededAt: null,
    seenAt: null,
    revokedAt: null,
    jkt: null,
  })
  const imported = await store.importTokens([
    row('LegacyPlainAccessToken_00000000000000000001', 'LegacyPlainRefreshToken_0000000000000000001'),
    row('a'.repeat(64), 'b'.repeat(64)),
  ])
  if (imported !== 2) throw new Error(`${imported} legacy tokens were imported`)
}

/**
 * A resource server that keeps nothing itself: it asks token info with the bearer it was shown, and answers as
 * Spree's guards were recorded to.
 */
async function visitResource(request: TestRequest, harness: Harness): Promise<TestResponse> {
  const authorization = request.headers?.Authorization
  if (authorization === undefined)
    return answer(403, { error: 'You are not authorized to access this page.' })
  const info = await harness.send({
    method: 'GET',
    path: '/spree_oauth/token/info',
    headers: { Authorization: authorization },
  })
  const token = info.json()
  if (info.status !== 200) return answer(401, { error: token.error_description ?? token.error })
  const user = [ADMIN, CUSTOMER].find(({ id }) => id === String(token.resource_owner_id)) ?? null
  switch (request.path) {
    case '/api/v2/storefront/account':
      return answer(200, { user: user?.username })
    case '/api/v2/platform/ping':
      return visitPlatform(token, user)
    default:
      throw new Error(`no such resource: ${request.path}`)
  }
}

function visitPlatform(
  token: { scope: string[]; application: { uid: string | null } },
  user: typeof ADMIN | typeof CUSTOMER | null,
): TestResponse {
  const { uid } = token.application
  if (uid === null) return answer(401, { error: 'Doorkeeper::Errors::DoorkeeperError' })
  if (!token.scope.some((scope) => scope === 'admin' || scope === 'read')) {
    return answer(401, { error: 'Access to this resource requires scope "read admin".' })
  }
  if (user !== null && !('roles' in user)) {
    return answer(401, { error: 'You are not authorized to access this page.' })
  }
  const name = Object.keys(CLIENTS).find((key) => clientId(key as keyof typeof CLIENTS) === uid)
  const client = CLIENTS[name as keyof typeof CLIENTS]
  return answer(200, { application: client.name, user: user?.username ?? null })
}

function answer(status: number, body: unknown): TestResponse {
  const headers: Record<string, string> =
    status === 200
      ? {
          'content-type': 'application/json; charset=utf-8',
          'cache-control': 'max-age=0, private, must-revalidate',
        }
      : { 'content-type': 'application/vnd.api+json; charset=utf-8', 'cache-control': 'no-cache' }
  return {
    status,
    headers,
    body: JSON.stringify(body),
    header: (name) => headers[name.toLowerCase()] ?? null,
    json: () => body,
  }
}

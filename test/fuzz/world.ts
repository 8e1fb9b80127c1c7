/** A server with users, clients and tokens in it, and everything an attacker may know of them but what would let them in. */
import { createHash } from 'node:crypto'
import type { SurfaceName } from '../../src/protocol/policy.ts'
import type { ClientRow, TenantRow, TokenRow } from '../../src/store/rows.ts'
import type { Store } from '../../src/store/store.ts'
import { createMemoryStore } from '../../src/stores/memory.ts'
import { createHarness, type Harness, TENANT } from '../harness.ts'

export const HOST = 'dodici.x.newstore.net'
/** Its tenant has nothing but the standard surface. */
export const BARE_HOST = 'bare.example'
/** No request is ever sent to it, so whatever is good there is not good anywhere else. */
export const OTHER_HOST = 'other.example'

const NOW = 1_767_225_600
const REALM = '/auth/realms/dodici/protocol/openid-connect/token'

export const USERNAME = 'myusername@example.com'
/** Not that of the API document, which is served. */
export const PASSWORD = 'correct-Horse_7-battery-staple'
export const SPREE_USERNAME = 'spree@example.com'
export const SPREE_PASSWORD = 'another-Password_of-spree'
/** Has a password, and may not log in. */
export const DISABLED_USER = { username: 'gone@example.com', password: 'password-of-a-disabled-user' }

/** A client may be the same in name in two tenants, never in its secret. */
export const CLIENT = {
  id: '7ZY15L7crVZul8i3PZPrnpOkEURK7xnXEWRZdE6K39M',
  secret: 'cxMZ0tbe604qj_13hibNmc3GDsXUQfpzHt9PvweihFc',
}
export const OPAQUE_CLIENT = { id: 'pos-terminal', secret: 'an-opaque-client-secret-of-43-characters-ok' }
export const RESOURCE_SERVER = { id: 'orders-api', secret: 'a-resource-server-secret-of-43-characters-k' }
export const DISABLED_CLIENT = { id: 'retired', secret: 'the-right-secret-of-a-client-that-is-disabled' }
export const EXPIRED_SECRET = { id: 'rotated', secret: 'a-secret-that-was-right-until-a-moment-ago-ok' }
export const OTHER_SECRET = 'the-secret-of-the-same-client-somewhere-else'
export const PUBLIC_CLIENT = 'storefront'
/** Public too, and may do nothing but refresh. */
export const KIOSK = 'kiosk'

/** The calls of a store that write, in the order they were made. */
export type Write = { readonly method: string; readonly arguments: readonly unknown[] }

export interface World {
  readonly harness: Harness
  readonly writes: Write[]
  /** Whatever may be sent as a token to a surface without being of any use there. */
  readonly tokens: Readonly<Record<SurfaceName, readonly string[]>>
  /** Live access tokens of the surface, of which none is a refresh token; and live refresh tokens of it. */
  readonly ownAccess: Readonly<Record<SurfaceName, readonly string[]>>
  readonly ownRefresh: Readonly<Record<SurfaceName, readonly string[]>>
  /** Live ones of confidential clients, where these could use them. */
  readonly bound: Readonly<Record<SurfaceName, readonly string[]>>
  /** Those that are spent, revoked or expired, where they were good. */
  readonly dead: Readonly<Record<SurfaceName, readonly string[]>>
  /** Digests of secrets as they are stored, in every spelling. */
  readonly digests: readonly string[]
  /** What a careless server would print. */
  readonly secrets: readonly string[]
}

interface Tokens {
  readonly access_token: string
  readonly refresh_token: string
}

/** And what is told to the audit log, which is nothing that a request gets. */
const READS = /^(?:find|list|is[A-Z])|^(?:nextKey|noteEvent|check|close)$/

/** The store, with a list of the writes it was asked for. */
function counted(store: Store): { readonly store: Store; readonly writes: Write[] } {
  const writes: Write[] = []
  const watched = Object.entries(store).map(([name, method]) => {
    if (READS.test(name)) return [name, method]
    return [
      name,
      (...args: never[]) => {
        writes.push({ method: name, arguments: args })
        return method(...args)
      },
    ]
  })
  return { store: Object.fromEntries(watched) as Store, writes }
}

export async function createWorld(): Promise<World> {
  const time = { ms: NOW * 1000 }
  const { store, writes } = counted(createMemoryStore({ clock: () => time.ms }))
  const harness = createHarness({ store, tenants: TENANTS, now: NOW })
  await seedHolders(harness)
  const { live, dead } = await seedTokens(harness, (seconds) => {
    time.ms += seconds * 1000
    harness.advance(seconds)
  })
  await importToken(harness)
  for (const { id } of TENANTS) {
    await harness.services.keys.ensure(id, 'RS256')
    await harness.services.keys.ensure(id, 'ES256')
  }
  // Known before the first request, so that none has a reason to write.
  writes.length = 0
  const bound = Object.values(live.bound).flat()
  const digests = [IMPORTED, live.newstore[1], live.spree[1], live.standard[0], bound[0]].flatMap(spellings)
  return {
    harness,
    writes,
    tokens: {
      newstore: [...live.spree, ...live.standard, ...live.realm, ...bound, ...live.other],
      spree: [...live.newstore, ...live.standard, ...live.realm, ...bound, ...live.other],
      standard: [...live.newstore, ...live.spree, ...live.realm, ...bound, ...live.other],
      realm: [...live.newstore, ...live.spree, ...live.standard, ...bound, ...live.other],
    },
    bound: live.bound,
    ownAccess: every(live, (_, index) => index === 0),
    ownRefresh: every(live, (_, index) => index === 1),
    dead,
    digests,
    secrets: [PASSWORD, SPREE_PASSWORD, CLIENT.secret, OPAQUE_CLIENT.secret, RESOURCE_SERVER.secret],
  }
}

const ON = { newstore: {}, spree: {}, standard: { passwordGrant: true } }

const TENANTS: readonly TenantRow[] = [
  // Signing with RSA, as newstore does whatever is said here, costs ten times as much.
  {
    ...TENANT,
    hosts: [HOST],
    signingAlgorithm: 'ES256',
    surfaces: { ...ON, realm: { passwordGrant: true } },
  },
  // Its realm is off, so that no path leads to it.
  { ...TENANT, id: 'other', hosts: [OTHER_HOST], issuer: 'https://other.example/', surfaces: ON },
  {
    ...TENANT,
    id: 'bare',
    hosts: [BARE_HOST],
    issuer: 'https://bare.example/',
    signingAlgorithm: 'ES256',
    surfaces: { standard: {} },
  },
]

const GRANTS: ClientRow['grants'] = ['password', 'refresh_token', 'client_credentials']

async function seedHolders({ user, client }: Harness): Promise<void> {
  for (const tenant of ['dodici', 'other']) {
    await user({ tenant, username: USERNAME, password: PASSWORD, roles: ['newstore_admin'] })
    await user({ tenant, id: '1', username: SPREE_USERNAME, password: SPREE_PASSWORD, roles: ['admin'] })
    const secret = tenant === 'dodici' ? CLIENT.secret : OTHER_SECRET
    await client({ tenant, id: CLIENT.id, secret, scopes: ['admin', 'read'] })
    await client({ tenant, id: PUBLIC_CLIENT, public: true, grants: GRANTS })
  }
  await client({ id: KIOSK, public: true, grants: ['refresh_token'] })
  await user({ ...DISABLED_USER, disabled: true })
  await user({ username: 'no-password' })
  await client({ ...OPAQUE_CLIENT, scopes: ['read'], accessToken: 'opaque' })
  await client({ ...RESOURCE_SERVER, introspect: 'any' })
  await client({ ...DISABLED_CLIENT, disabled: true })
  const hash = `sha256:${createHash('sha256').update(EXPIRED_SECRET.secret).digest('base64url')}`
  await client({
    id: EXPIRED_SECRET.id,
    secrets: [{ id: 'old', name: null, hash, createdAt: NOW - 100, expiresAt: NOW - 1 }],
  })
}

async function seedTokens(harness: Harness, advance: (seconds: number) => void) {
  const login = async (path: string, form: Record<string, string> = {}, host = HOST): Promise<Tokens> => {
    const body = { grant_type: 'password', username: USERNAME, password: PASSWORD, ...form }
    const response = await harness.send({
      path,
      host,
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams(body).toString(),
    })
    if (response.status !== 200) throw new Error(`${path}: ${response.body}`)
    return response.json()
  }
  const refresh = (path: string, { refresh_token }: Tokens, form: Record<string, string> = {}) =>
    login(path, { grant_type: 'refresh_token', refresh_token, ...form })
  const confidential = { client_id: CLIENT.id, client_secret: CLIENT.secret }
  const opaque = { client_id: OPAQUE_CLIENT.id, client_secret: OPAQUE_CLIENT.secret }
  const open = { client_id: PUBLIC_CLIENT }

  const expired = await login('/oauth/token', open)
  advance(31 * 86_400)
  // Spent, and nothing can make their windows open again.
  const spent = { spree: [] as string[], standard: [] as string[] }
  for (let count = 0; count < 8; count++) {
    const first = await login('/spree_oauth/token')
    await refresh('/spree_oauth/token', await refresh('/spree_oauth/token', first))
    spent.spree.push(first.refresh_token)
    const second = await login('/oauth/token', open)
    await refresh('/oauth/token', second, open)
    spent.standard.push(second.refresh_token)
  }
  const revoked = await login('/spree_oauth/token')
  await harness.post('/spree_oauth/revoke', { token: revoked.refresh_token }, {})
  advance(100)

  const other = [
    await login('/v0/token', {}, OTHER_HOST),
    await login('/spree_oauth/token', {}, OTHER_HOST),
    await login('/oauth/token', open, OTHER_HOST),
  ]
  const boundAtSpree = await login('/spree_oauth/token', confidential)
  const live = {
    newstore: both(await login('/v0/token')),
    spree: [...both(await login('/spree_oauth/token')), boundAtSpree.access_token],
    standard: both(await login('/oauth/token', open)),
    realm: both(await login(REALM, open)),
    bound: {
      newstore: [],
      spree: [boundAtSpree.refresh_token],
      standard: [
        ...both(await login('/oauth/token', confidential)),
        ...both(await login('/oauth/token', opaque)),
        (await login('/oauth/token', { grant_type: 'client_credentials', ...opaque })).access_token,
      ],
      realm: both(await login(REALM, confidential)),
    },
    other: other.flatMap(both),
  }
  const dead = {
    newstore: [],
    spree: [...spent.spree, ...often(both(revoked))],
    standard: [...spent.standard, ...often([expired.refresh_token, ...both(expired)])],
    realm: [],
  }
  return { live, dead }
}

type Select = (token: string, index: number) => boolean

/** Of each surface, what was answered first or second. */
function every(live: Readonly<Record<SurfaceName, readonly string[]>>, select: Select) {
  return {
    newstore: live.newstore.filter(select),
    spree: live.spree.filter(select),
    standard: live.standard.filter(select),
    realm: live.realm.filter(select),
  }
}

/** As many of them as there are of those that work but once. */
function often(tokens: readonly string[]): string[] {
  return Array.from({ length: 4 }, () => tokens).flat()
}

/** Brought from another system, and so found by its digest alone. */
const IMPORTED = 'a-token-of-doorkeeper-that-was-live-when-it-was-imported'

async function importToken({ store, now }: Harness): Promise<void> {
  const hash = createHash('sha256').update(IMPORTED).digest()
  const row: TokenRow = {
    ...{ key: store.nextKey(), tenant: 'dodici', surface: 'spree', clientId: null, userId: '1' },
    ...{ grantType: 'password', scope: [], accessScope: [], issuedAt: now(), accessHash: null },
    ...{ accessExpiresAt: null, refreshHash: hash, refreshExpiresAt: null, familyExpiresAt: null },
    ...{ family: null, parent: null, successor: null, spentAt: null, supersededAt: null, seenAt: null },
    revokedAt: null,
    jkt: null,
  }
  if ((await store.importTokens([row])) !== 1) throw new Error('not imported')
}

function both({ access_token, refresh_token }: Tokens): string[] {
  return [access_token, refresh_token].filter((token) => token !== undefined)
}

function spellings(token = ''): string[] {
  const digest = createHash('sha256').update(token).digest()
  return [
    digest.toString('hex'),
    digest.toString('base64'),
    digest.toString('base64url'),
    digest.toString('latin1'),
    `sha256:${digest.toString('base64url')}`,
  ]
}

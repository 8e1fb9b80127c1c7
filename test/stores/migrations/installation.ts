/** An installation as a release leaves it behind: who is there, and tokens of every kind and state. */
import { openSqliteStore } from '../../../src/stores/sqlite/database.ts'
import { createHarness, type Harness, TENANT } from '../../harness.ts'

/** When everything in it was issued. */
const ISSUED_AT = 1_767_225_600

export const PASSWORD = 'correct-Horse_7-battery-staple'
export const SHOP = { client_id: 'shop', client_secret: 'the-secret-of-the-shop-that-nobody-can-guess' }
export const TILL = { client_id: 'till', client_secret: 'the-secret-of-the-till-that-nobody-can-guess' }
const API = { client_id: 'api', client_secret: 'the-secret-of-a-resource-server-that-asks-all' }

/** Tokens as clients have them. */
export interface IssuedTokens {
  readonly newstore: { readonly access: string; readonly refresh: string }
  readonly spree: { readonly access: string; readonly refresh: string }
  /** Of the standard surface, refreshed once; `spent` is the refresh token before. */
  readonly rotated: { readonly access: string; readonly refresh: string; readonly spent: string }
  readonly machineJwt: string
  readonly machineOpaque: string
  /** Refresh and access token of a family that was revoked, and a JWT that was denied. */
  readonly revoked: readonly string[]
}

/** A server over a database file, some seconds after the issue. */
export async function open(path: string, afterSeconds: number): Promise<Harness> {
  const now = ISSUED_AT + afterSeconds
  const store = await openSqliteStore({ path, clock: () => now * 1000 })
  const tenant = { ...TENANT, surfaces: { newstore: {}, spree: {}, standard: { passwordGrant: true } } }
  await store.saveTenant(tenant)
  return createHarness({ store, tenants: [tenant], now })
}

export async function isActive({ post }: Harness, token: string): Promise<boolean> {
  return (await post('/oauth/introspect', { ...API, token })).json().active
}

/** Fills an empty database by way of the endpoints. */
export async function fill(harness: Harness): Promise<IssuedTokens> {
  const { post } = harness
  await harness.user({ username: 'ann@example.com', password: PASSWORD, roles: ['admin'] })
  const client = { scopes: ['read', 'write'] }
  await harness.client({ ...client, id: SHOP.client_id, secret: SHOP.client_secret, accessToken: 'jwt' })
  await harness.client({ ...client, id: TILL.client_id, secret: TILL.client_secret, accessToken: 'opaque' })
  await harness.client({ id: API.client_id, secret: API.client_secret, introspect: 'any' })
  async function ask(path: string, form: Readonly<Record<string, string>>) {
    const answer = await post(path, form)
    if (answer.status !== 200) throw new Error(`${path}: ${answer.status} ${answer.body}`)
    const { access_token: access, refresh_token: refresh } = answer.json()
    return { access, refresh }
  }
  const login = { grant_type: 'password', username: 'ann@example.com', password: PASSWORD }
  const machine = { grant_type: 'client_credentials' }
  const first = await ask('/oauth/token', { ...login, ...TILL })
  const revoked = await ask('/oauth/token', { ...login, ...TILL })
  const denied = await ask('/oauth/token', { ...machine, ...SHOP })
  await post('/oauth/revoke', { ...TILL, token: revoked.refresh })
  await post('/oauth/revoke', { ...SHOP, token: denied.access })
  const second = { ...TILL, grant_type: 'refresh_token', refresh_token: first.refresh }
  return {
    newstore: await ask('/v0/token', login),
    spree: await ask('/spree_oauth/token', login),
    rotated: { ...(await ask('/oauth/token', second)), spent: first.refresh },
    machineJwt: (await ask('/oauth/token', { ...machine, ...SHOP })).access,
    machineOpaque: (await ask('/oauth/token', { ...machine, ...TILL })).access,
    revoked: [revoked.refresh, revoked.access, denied.access],
  }
}

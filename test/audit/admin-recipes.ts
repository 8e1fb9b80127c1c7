/** How each route of the admin API that changes something is asked, and what it leaves in the audit log. */
import { expect } from 'vitest'
import type { AuditEntry } from '../../src/store/audit.ts'
import { type AdminHarness, BASE } from '../admin/harness.ts'
import { TENANT } from '../harness.ts'

export const SECRET = 'canary-secret-0123456789-0123456789-0123456789'
export const PASSWORD = 'canary-password-0123456789'
export const USER = 'auth0|ann'

interface Recipe {
  /** What is done with the route, if there are several. */
  readonly what?: string
  /** Values of the path's parameters but the tenant. */
  readonly at?: Readonly<Record<string, string>>
  readonly body?: unknown
  /** What must have happened before; what it gives is added to the body. */
  readonly first?: (harness: AdminHarness) => Promise<object | undefined>
  readonly leaves: Partial<AuditEntry>
  /** What the same change leaves besides. */
  readonly besides?: Partial<AuditEntry>
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
export const activeKid = async ({ store }: AdminHarness) =>
  (await store.listSigningKeys(TENANT.id)).find(({ state }) => state === 'active')?.kid ?? ''

/** By operation. A route that changes something and is not here fails the test. */
export const RECIPES: Readonly<Record<string, readonly Recipe[]>> = {
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
  migrateIntegration: [
    {
      what: 'to a new client',
      at: { id: USER },
      body: { id: 'batch', scopes: ['read'] },
      leaves: { type: 'client.create', user: USER, client: 'batch' },
      besides: { type: 'user.update', user: USER, client: 'batch', details: 'successor' },
    },
    {
      what: 'to a client that is there',
      at: { id: USER },
      body: { client: 'shop' },
      leaves: { type: 'user.update', user: USER, client: 'shop', details: 'successor' },
    },
  ],
  finishIntegration: [
    {
      at: { id: USER },
      body: { force: true },
      async first({ store }) {
        const user = await store.findUser(TENANT.id, USER)
        if (user !== null) await store.updateUser({ ...user, successor: { client: 'shop', since: 0 } })
        return undefined
      },
      leaves: { type: 'user.update', user: USER, details: 'disabled tokensValidAfter' },
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

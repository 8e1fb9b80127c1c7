import type { TenantInput } from '../../src/admin/operations/tenants.ts'
import { Secret } from '../../src/protocol/secret.ts'
import type { Store } from '../../src/store/store.ts'
import { TENANT } from '../harness.ts'
import { type AdminHarness, createAdminHarness } from './harness.ts'

export const STRONG = 'cxMZ0tbe604qj_13hibNmc3GDsXUQfpzHt9PvweihFc'
// The password is "spree123".
export const BCRYPT = '$2b$04$oUyW7c6vS6sVzqmBeEnPLOANnBMfH0nyyBdtdCGEG6hLvMj5bOEoW'

/** A tenant as a configuration lists it. */
export const LISTED: TenantInput = {
  ...TENANT,
  users: [
    {
      username: 'ada@example.com',
      password: new Secret('correct horse'),
      roles: ['admin'],
      claims: { a: { b: 1, c: 2 } },
    },
    {
      username: 'bob',
      id: 'auth0|bob',
      email: 'bob@example.com',
      password: 'battery staple',
      scopes: ['read'],
    },
    { username: 'imported', passwordHash: new Secret(BCRYPT) },
    { username: 'silent' },
  ],
  clients: [
    {
      id: 'strong',
      secret: new Secret(STRONG),
      name: 'Strong',
      grants: ['client_credentials'],
      scopes: ['admin'],
    },
    { id: 'weak', secret: 'secret', grants: ['password', 'refresh_token'] },
    { id: 'open', public: true, grants: [] },
  ],
}

/** Counts what is written; tokens are not counted. */
function spy(store: Store): string[] {
  const writes: string[] = []
  for (const name of [
    'saveTenant',
    'insertUser',
    'updateUser',
    'deleteUser',
    'insertClient',
    'updateClient',
    'deleteClient',
    'saveFact',
  ] as const) {
    const method = store[name] as (...parameters: unknown[]) => Promise<unknown>
    Object.assign(store, {
      [name]: (...parameters: unknown[]) => {
        writes.push(name)
        return method(...parameters)
      },
    })
  }
  return writes
}

/** A server without tenants, and the names of the store's methods that were called to write. */
export async function setUp(store?: Store): Promise<AdminHarness & { writes: string[] }> {
  const harness = await createAdminHarness({ tenants: [], ...(store !== undefined && { store }) })
  return { ...harness, writes: spy(harness.store) }
}

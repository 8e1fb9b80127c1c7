import type { MintkeeperConfig } from '../../src/index.ts'

export type TenantSettings = Partial<MintkeeperConfig['tenants'][number]>

/** The users and the client of the two API documents. */
export const NEWSTORE_USER = { username: 'myusername@example.com', password: 'V3lC4EvMV1X5h3HsB_VU' } as const
export const SPREE_USER = { username: 'spree@example.com', password: 'spree123' } as const
export const DOCUMENT_CLIENT = {
  id: '7ZY15L7crVZul8i3PZPrnpOkEURK7xnXEWRZdE6K39M',
  secret: 'cxMZ0tbe604qj_13hibNmc3GDsXUQfpzHt9PvweihFc',
} as const

/** A client whose id and secret have every character that RFC 6749 §2.3.1 makes awkward. */
export const AWKWARD_CLIENT = {
  id: 'erp+sync%2Btest',
  secret: 'a+b c%2B:"d"/=?&-1234567890123456',
} as const

/** A client that gets opaque access tokens, and more than one scope. */
export const OPAQUE_CLIENT = {
  id: 'pos-terminal',
  secret: 'an-opaque-client-secret-of-43-characters-ok',
} as const

/** A public client. */
export const STOREFRONT = { id: 'storefront' } as const

/** A resource server: may introspect every token of the tenant. */
export const RESOURCE_SERVER = {
  id: 'orders-api',
  secret: 'a-resource-server-secret-of-43-characters-k',
} as const

/** One tenant, `dodici`, which answers for every host and keeps everything in memory. */
export function createTestConfig(issuer: string, settings: TenantSettings = {}): MintkeeperConfig {
  return {
    database: 'memory:',
    defaultTenant: 'dodici',
    tenants: [
      {
        id: 'dodici',
        issuer,
        surfaces: {
          newstore: {},
          spree: {},
          standard: { passwordGrant: true },
          realm: { passwordGrant: true },
        },
        users: [
          {
            ...NEWSTORE_USER,
            id: 'auth0|596c8f95790837489f4c191c',
            roles: ['newstore_admin'],
            claims: { newstore_id: '3S40MqkNyMLbOLNGqF6Ryc' },
          },
          { ...SPREE_USER, id: '1', roles: ['admin'] },
          { username: 'customer@example.com', password: 'customer-password', id: '2' },
        ],
        clients: [
          {
            ...DOCUMENT_CLIENT,
            grants: ['client_credentials', 'password', 'refresh_token'],
            scopes: ['admin'],
            accessToken: 'jwt',
          },
          {
            ...AWKWARD_CLIENT,
            grants: ['client_credentials', 'password', 'refresh_token'],
            scopes: ['orders:read', 'orders:write'],
            accessToken: 'jwt',
          },
          {
            ...OPAQUE_CLIENT,
            grants: ['client_credentials', 'password', 'refresh_token'],
            scopes: ['orders:read', 'orders:write'],
            accessToken: 'opaque',
          },
          { ...STOREFRONT, public: true, grants: ['password', 'refresh_token'], scopes: ['orders:read'] },
          { ...RESOURCE_SERVER, introspect: 'any' },
        ],
        ...settings,
      },
    ],
  }
}

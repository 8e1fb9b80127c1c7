import type { MintkeeperConfig } from './schema.ts'

/** The secret of the demo's resource server, so that introspection can be tried at once. */
export const DEMO_RESOURCE_SERVER_SECRET = 'demo-only-secret-of-the-orders-api-resource-server'

/**
 * A configuration with exactly the users, passwords and clients of the two API documents, so that their own
 * requests work against a fresh start. Every host is answered; `mintkeeper demo` keeps it in a file.
 */
export function demoConfig(port: number): MintkeeperConfig {
  return {
    server: { host: '127.0.0.1', port },
    database: 'memory:',
    defaultTenant: 'dodici',
    tenants: [
      {
        id: 'dodici',
        hosts: ['dodici.x.newstore.net'],
        issuer: `http://localhost:${port}/`,
        surfaces: {
          // No sunset: the demo has to work on any day.
          newstore: { expiresIn: 86400, refresh: 'keep', azp: 'twlFVZyTIYbx7gFdtGYbKAvCGnZAu4Yw' },
          spree: { expiresIn: 7200, clientCredentialsRefreshToken: true },
          standard: { expiresIn: 3600, passwordGrant: false },
          realm: { expiresIn: 3600, passwordGrant: false },
        },
        users: [
          {
            username: 'myusername@example.com',
            // The sub of the API document's sample token.
            id: 'auth0|596c8f95790837489f4c191c',
            password: 'V3lC4EvMV1X5h3HsB_VU',
            roles: ['newstore_admin'],
            claims: { newstore_id: '3S40MqkNyMLbOLNGqF6Ryc' },
          },
          { username: 'spree@example.com', password: 'spree123', roles: ['admin'] },
        ],
        clients: [
          {
            id: '7ZY15L7crVZul8i3PZPrnpOkEURK7xnXEWRZdE6K39M',
            secret: 'cxMZ0tbe604qj_13hibNmc3GDsXUQfpzHt9PvweihFc',
            name: 'Warehouse sync',
            grants: ['client_credentials', 'password', 'refresh_token'],
            scopes: ['admin'],
            accessToken: 'jwt',
          },
          { id: 'storefront', public: true, grants: ['password', 'refresh_token'], scopes: [] },
          { id: 'orders-api', secret: DEMO_RESOURCE_SERVER_SECRET, introspect: 'any' },
        ],
      },
    ],
  }
}

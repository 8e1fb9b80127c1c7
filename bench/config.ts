import type { MintkeeperConfig } from '../src/index.ts'

/** One tenant a signing algorithm: tenant id → host. */
export const TENANTS = {
  rs256: 'rs256.localhost',
  es256: 'es256.localhost',
  eddsa: 'eddsa.localhost',
} as const

const ALGORITHMS = { rs256: 'RS256', es256: 'ES256', eddsa: 'EdDSA' } as const

/** What is measured: a durable SQLite database with one user and two clients a tenant. */
export function benchConfig(database: string): MintkeeperConfig {
  return {
    database,
    purgeIntervalSeconds: 0,
    tenants: (['rs256', 'es256', 'eddsa'] as const).map((id) => ({
      id,
      hosts: [TENANTS[id]],
      issuer: `https://${TENANTS[id]}/`,
      signingAlgorithm: ALGORITHMS[id],
      surfaces: { newstore: {}, spree: {}, standard: { passwordGrant: true }, realm: {} },
      users: [{ username: 'user@example.com', password: 'correct horse', roles: ['admin'] }],
      clients: [client('batch', 'opaque'), client('jwt', 'jwt')],
    })),
  }
}

function client(id: string, accessToken: 'jwt' | 'opaque') {
  return {
    id,
    secret: `${id}-secret-0123456789abcdefghijklmnopqrs`.slice(0, 39),
    grants: ['client_credentials', 'password', 'refresh_token'] as const,
    scopes: ['read'],
    accessToken,
  }
}

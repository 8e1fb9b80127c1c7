import type { LogLevel, MintkeeperConfig } from '../src/index.ts'

/** One tenant a signing algorithm, and one whose refresh tokens are kept: tenant id → host. */
export const TENANTS = {
  rs256: 'rs256.localhost',
  es256: 'es256.localhost',
  eddsa: 'eddsa.localhost',
  keep: 'keep.localhost',
} as const

/** Of the one user. */
export const PASSWORD = 'correct horse'

const ALGORITHMS = { rs256: 'RS256', es256: 'ES256', eddsa: 'EdDSA', keep: 'RS256' } as const

/** What one server has otherwise than another. */
export interface ProcessSettings {
  readonly passwordCacheSeconds?: number
  /** By default it has no log. */
  readonly logLevel?: LogLevel
  readonly server?: { readonly trustedProxies: readonly string[] }
}

/** What is measured: a durable database with one user and two clients a tenant. */
export function benchConfig(database: string, process: ProcessSettings = {}): MintkeeperConfig {
  return {
    ...process,
    database,
    // Beside a PostgreSQL database no key can be kept.
    ...(database.startsWith('postgres:') && { masterKey: '6d'.repeat(32) }),
    purgeIntervalSeconds: 0,
    tenants: (['rs256', 'es256', 'eddsa', 'keep'] as const).map((id) => ({
      id,
      hosts: [TENANTS[id]],
      issuer: `https://${TENANTS[id]}/`,
      signingAlgorithm: ALGORITHMS[id],
      surfaces: {
        newstore: {},
        spree: {},
        standard: { passwordGrant: true, ...(id === 'keep' && { refresh: 'keep' as const }) },
        realm: {},
      },
      users: [{ username: 'user@example.com', password: PASSWORD, roles: ['admin'] }],
      clients: [client('batch', 'opaque'), client('jwt', 'jwt')],
    })),
  }
}

/** Long enough that nothing is warned about. */
export function secretOf(client: string): string {
  return `${client}-secret-0123456789abcdefghijklmnopqrs`.slice(0, 39)
}

function client(id: string, accessToken: 'jwt' | 'opaque') {
  return {
    id,
    secret: secretOf(id),
    grants: ['client_credentials', 'password', 'refresh_token'] as const,
    scopes: ['read'],
    accessToken,
  }
}

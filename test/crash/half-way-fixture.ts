import type { MintkeeperConfig } from '../../src/config/schema.ts'
import { NOW } from '../stores/conformance/fixture.ts'

/** When rows that ended before it are purged. */
export const PURGE_AT = NOW + 10_000

/** A small server: its first start makes a schema, a master key, a tenant, a client, signing keys and an admin token. */
export function bootConfiguration(path: string): MintkeeperConfig {
  return {
    database: `sqlite:${path}`,
    purgeIntervalSeconds: 0,
    tenants: [
      {
        id: 'main',
        hosts: ['main.example'],
        issuer: 'https://main.example/',
        signingAlgorithm: 'ES256',
        surfaces: { standard: {} },
        clients: [{ id: 'shop', secret: 'the-secret-of-the-shop-0123456789abcdef', scopes: ['read'] }],
      },
    ],
  }
}

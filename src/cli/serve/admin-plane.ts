import { getRequestListener } from '@hono/node-server'
import { createAdminApp } from '../../admin/app.ts'
import type { Config } from '../../config/schema.ts'
import type { Log } from '../../log/log.ts'
import type { Metrics } from '../../log/metrics.ts'
import type { Mintkeeper } from '../../server.ts'
import { findToken } from '../find-token.ts'
import { revokeToken } from '../revoke-token.ts'
import { packageVersion } from '../version.ts'
import { type AdminTokenNotice, generatedAdminToken } from './admin-token.ts'
import type { RequestHandler } from './listener.ts'

export interface AdminPlaneOptions {
  readonly config: Config
  readonly log: Log
  readonly metrics: Metrics
  readonly adminTokenNotice: AdminTokenNotice
  /** False from the begin of the shutdown on. */
  readonly isServing: () => boolean
}

/** Answers the control plane. Without an admin token in the configuration, generates one or has done so before. */
export async function adminHandler(
  mintkeeper: Mintkeeper,
  options: AdminPlaneOptions,
): Promise<RequestHandler> {
  const { services, operations } = mintkeeper
  const adminToken = options.config.adminToken ?? {
    sha256: await generatedAdminToken(services.store, services.random, options.adminTokenNotice),
  }
  const app = createAdminApp({
    operations,
    adminToken,
    log: options.log,
    metrics: options.metrics,
    version: packageVersion(),
    ready: async () => options.isServing() && (await mintkeeper.ready()),
    keys: {
      list: (tenant) => services.store.listSigningKeys(tenant),
      rotate: services.keys.rotate,
      withdraw: services.keys.withdraw,
    },
    async revokeToken(tenant, text) {
      const known = await mintkeeper.findTenant(tenant)
      const found = known === null ? null : await findToken(text, [known], services)
      if (found === null) return 'unknown_token'
      await revokeToken(text, found, services)
      return 'revoked'
    },
  })
  return getRequestListener(app.fetch, {
    overrideGlobalObjects: false,
    // For requests without `Host`: HTTP/1.0 needs none, and load balancers ask for /readyz with it.
    hostname: 'localhost',
  })
}

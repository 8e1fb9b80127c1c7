import type { AdminOptions } from '../../admin/environment.ts'
import { createProbes, isProbePath } from '../../admin/probes.ts'
import { headersOf, requestIdOf } from '../../admin/request-log.ts'
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

/**
 * Answers the control plane. Without an admin token in the configuration, generates one or has done so before.
 *
 * The admin API is loaded with the first request that is no probe: its framework takes 20 MB, and most processes are
 * never asked for it.
 */
export async function adminHandler(
  mintkeeper: Mintkeeper,
  planeOptions: AdminPlaneOptions,
): Promise<RequestHandler> {
  const options = await adminOptions(mintkeeper, planeOptions)
  const probes = createProbes(options)
  let api: Promise<RequestHandler> | null = null

  return async (request, response) => {
    const path = request.url ?? ''
    if (request.method !== 'GET' || !isProbePath(path)) {
      api ??= loadApi(options).catch((cause) => {
        // A full table of open files or a disk that fails is over some time: the next request tries again.
        api = null
        throw cause
      })
      return (await api)(request, response)
    }
    const requestId = requestIdOf(request.headers['x-request-id'], options.operations.random)
    const { status, headers, body } = await probes[path](requestId)
    return response.writeHead(status, { ...headers, ...headersOf(requestId) }).end(body)
  }
}

async function loadApi(options: AdminOptions): Promise<RequestHandler> {
  const { getRequestListener } = await import('@hono/node-server')
  const { createAdminApp } = await import('../../admin/app.ts')
  return getRequestListener(createAdminApp(options).fetch, {
    overrideGlobalObjects: false,
    // For requests without `Host`: HTTP/1.0 needs none, and load balancers ask for /readyz with it.
    hostname: 'localhost',
  })
}

async function adminOptions(mintkeeper: Mintkeeper, options: AdminPlaneOptions): Promise<AdminOptions> {
  const { services, operations } = mintkeeper
  return {
    operations,
    adminToken: options.config.adminToken ?? {
      sha256: await generatedAdminToken(services.store, services.random, options.adminTokenNotice),
    },
    log: options.log,
    metrics: options.metrics,
    version: packageVersion(),
    usageRetentionDays: options.config.usageRetentionDays,
    ready: async () => options.isServing() && (await mintkeeper.ready()),
    keys: {
      list: (tenant) => services.store.listSigningKeys(tenant),
      rotate: services.keys.rotate,
      withdraw: services.keys.withdraw,
    },
    async revokeToken(tenant, text, by) {
      const known = await mintkeeper.findTenant(tenant)
      const found = known === null ? null : await findToken(text, [known], services)
      if (found === null) return 'unknown_token'
      await revokeToken(text, found, services, by)
      return 'revoked'
    },
  }
}

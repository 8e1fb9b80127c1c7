import type { IncomingMessage } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import { createAdminApp } from '../../admin/app.ts'
import type { Config } from '../../config/schema.ts'
import { sameBytes, sha256 } from '../../crypto/digest.ts'
import type { Log } from '../../log/log.ts'
import type { Tenant } from '../../protocol/policy.ts'
import { Secret } from '../../protocol/secret.ts'
import type { Mintkeeper } from '../../server.ts'
import { findToken } from '../find-token.ts'
import { revokeToken } from '../revoke-token.ts'
import { rotateKeys } from '../rotate-keys.ts'
import { packageVersion } from '../version.ts'
import { generatedAdminToken } from './admin-token.ts'
import type { RequestHandler } from './listener.ts'

export interface AdminPlaneOptions {
  readonly config: Config
  readonly log: Log
  /** Shows an admin token that was generated just now, and will not be shown again. */
  readonly showAdminToken: (token: string) => void
  /** False from the begin of the shutdown on. */
  readonly isServing: () => boolean
}

/** Answers the control plane. Without an admin token in the configuration, generates one or has done so before. */
export async function adminHandler(
  mintkeeper: Mintkeeper,
  options: AdminPlaneOptions,
): Promise<RequestHandler> {
  const { services } = mintkeeper
  const given = options.config.adminToken
  if (given !== null) return handlerFor(mintkeeper, options, given)
  const expected = await generatedAdminToken(services.store, services.random, options.showAdminToken)
  // The admin API compares with a token, and of this one only the digest is known: whoever shows it is let in under
  // another name, which nobody outside this process ever learns.
  const inside = new Secret(services.random.text(43))
  const handler = handlerFor(mintkeeper, options, inside)
  return (request, response) => {
    const shown = bearerOf(request)
    if (shown !== null && sameBytes(sha256(shown), expected)) setBearer(request, inside)
    return handler(request, response)
  }
}

function handlerFor(mintkeeper: Mintkeeper, options: AdminPlaneOptions, adminToken: Secret): RequestHandler {
  const { services, operations } = mintkeeper
  const app = createAdminApp({
    operations,
    adminToken,
    log: options.log,
    version: packageVersion(),
    ready: async () => options.isServing() && (await mintkeeper.ready()),
    keys: {
      list: (tenant) => services.store.listSigningKeys(tenant),
      rotate: async (tenant, algorithm) => {
        return (await rotateKeys(mintkeeper, requireTenant(mintkeeper, tenant), algorithm)).keys
      },
    },
    async revokeToken(tenant, text) {
      const found = await findToken(text, [requireTenant(mintkeeper, tenant)], services)
      if (found === null) return 'unknown_token'
      await revokeToken(text, found, services)
      return 'revoked'
    },
  })
  return getRequestListener(app.fetch, { overrideGlobalObjects: false })
}

function requireTenant(mintkeeper: Mintkeeper, id: string): Tenant {
  const tenant = mintkeeper.directory().byId(id)
  if (tenant === null) throw new Error(`the tenant ${id} is not in force yet`)
  return tenant
}

function bearerOf({ headers }: IncomingMessage): string | null {
  return /^Bearer +(\S+)$/i.exec(headers.authorization ?? '')?.[1] ?? null
}

function setBearer(request: IncomingMessage, token: Secret): void {
  const { rawHeaders } = request
  for (let index = 0; index < rawHeaders.length; index += 2) {
    if (rawHeaders[index]?.toLowerCase() === 'authorization')
      rawHeaders[index + 1] = `Bearer ${token.reveal()}`
  }
}

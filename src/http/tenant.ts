import type { SurfaceName, SurfacePolicy, Tenant, TenantDefinition } from '../protocol/policy.ts'
import type { Surface } from '../surfaces/index.ts'

/** Which tenant a request is for. */
export interface TenantDirectory {
  readonly tenants: readonly Tenant[]
  byHost(host: string | null): Tenant | null
  byId(id: string): Tenant | null
}

export interface DirectoryOptions {
  /** Catches every host no tenant has; for development. */
  readonly defaultTenant: string | null
  /** `{tenant}.` + one of these is a host of every tenant. */
  readonly baseDomains: readonly string[]
}

export function createTenantDirectory(
  definitions: readonly TenantDefinition[],
  surfaces: readonly Surface[],
  options: DirectoryOptions,
): TenantDirectory {
  const ids = new Map<string, Tenant>()
  const hosts = new Map<string, Tenant>()
  for (const definition of definitions) {
    const names = [...definition.hosts, ...options.baseDomains.map((domain) => `${definition.id}.${domain}`)]
    const tenant = resolveTenant({ ...definition, hosts: names }, surfaces)
    ids.set(tenant.id, tenant)
    for (const host of names) hosts.set(host, tenant)
  }
  const fallback = options.defaultTenant === null ? null : (ids.get(options.defaultTenant) ?? null)
  return {
    tenants: [...ids.values()],
    byHost: (host) => (host === null ? fallback : (hosts.get(hostName(host)) ?? fallback)),
    byId: (id) => ids.get(id) ?? null,
  }
}

function resolveTenant(definition: TenantDefinition, surfaces: readonly Surface[]): Tenant {
  const policies = new Map<SurfaceName, SurfacePolicy>()
  for (const surface of surfaces) {
    const settings = definition.surfaces === null ? {} : definition.surfaces[surface.name]
    if (settings !== undefined) policies.set(surface.name, surface.policy(settings, definition))
  }
  return {
    id: definition.id,
    issuer: definition.issuer,
    signingAlgorithm: definition.signingAlgorithm,
    surfaces: policies,
    requestsPerSecond: definition.requestsPerSecond ?? null,
    clientRequestsPerSecond: definition.clientRequestsPerSecond ?? null,
  }
}

/** A `Host` header without its port and without the dot that may end a name (RFC 1034 §3.1), in lower case. */
function hostName(host: string): string {
  const colon = host.endsWith(']') ? -1 : host.lastIndexOf(':')
  const name = colon === -1 ? host : host.slice(0, colon)
  return (name.endsWith('.') ? name.slice(0, -1) : name).toLowerCase()
}

import { OAuthError } from '../protocol/errors.ts'
import type { Tenant } from '../protocol/policy.ts'

/** Counts the requests of this process, for the limits that tenants may have. */
export interface RequestRate {
  /** Throws `too_many_requests` if the tenant has had its share of this moment. */
  takeOfTenant(tenant: Tenant): void
  /** The same for a client of the tenant. It must have authenticated: nobody uses up the share of somebody else. */
  takeOfClient(tenant: Tenant, client: string): void
}

const SECOND_MS = 1000

/** So many of those who have a limit are known at once; who asked nothing for a second need not be. */
const KNOWN = 10_000

/**
 * What comes in one second may come at once; then it is one request each `1 / perSecond` seconds (GCRA: of each there
 * is one number, the time at which all it was granted would be over at that pace). `steadyMs` never goes back.
 */
export function createRequestRate(steadyMs: () => number): RequestRate {
  const busyUntil = new Map<string, number>()

  function forgetIdle(now: number): void {
    for (const [key, until] of busyUntil) if (until <= now) busyUntil.delete(key)
  }

  /** The seconds after which the next request may come; 0: this one may. */
  function take(key: string, perSecond: number): number {
    const now = steadyMs()
    const until = Math.max(busyUntil.get(key) ?? 0, now) + SECOND_MS / perSecond
    const wait = until - now - SECOND_MS
    // Sums of fractions are not exact.
    if (wait > 1e-6) return Math.ceil(wait / SECOND_MS)
    if (busyUntil.size >= KNOWN && !busyUntil.has(key)) forgetIdle(now)
    busyUntil.set(key, until)
    return 0
  }

  return {
    takeOfTenant({ id, requestsPerSecond }) {
      if (requestsPerSecond === null) return
      const retryAfter = take(id, requestsPerSecond)
      if (retryAfter > 0) throw new OAuthError('too_many_requests', 'tenant_request_limit', { retryAfter })
    },
    takeOfClient({ id, clientRequestsPerSecond }, client) {
      if (clientRequestsPerSecond === null) return
      // No id of a tenant has a space in it.
      const retryAfter = take(`${id} ${client}`, clientRequestsPerSecond)
      if (retryAfter > 0) throw new OAuthError('too_many_requests', 'client_request_limit', { retryAfter })
    },
  }
}

import type { Config } from '../config/schema.ts'
import { endedSurfaces } from '../endpoints/ending.ts'
import { type KeptValue, keepValue } from '../endpoints/kept-value.ts'
import { createTenantDirectory, type TenantDirectory } from '../http/tenant.ts'
import type { Log } from '../log/log.ts'
import { type Clock, epochSeconds } from '../protocol/time.ts'
import { withBrownOuts } from '../store/brown-outs.ts'
import type { Store } from '../store/store.ts'
import { SURFACES } from '../surfaces/index.ts'

/**
 * How old the tenants may be before the store is asked again, for changes by other processes. A request is answered by
 * tenants of twice that age at most, which are the five seconds that operators are told.
 */
const TENANTS_MAX_AGE_MS = 2500

/** The tenants of the store, resolved. */
export function createTenants(
  config: Config,
  store: Store,
  clock: Clock,
  onFailure: (cause: unknown) => void,
): KeptValue<TenantDirectory> {
  const { defaultTenant } = config
  const { baseDomains } = config.server
  return keepValue({
    async read() {
      const brownOuts = await store.listBrownOuts(epochSeconds(clock))
      const rows = (await store.listTenants()).map((row) => withBrownOuts(row, brownOuts))
      return createTenantDirectory(rows, SURFACES, { defaultTenant, baseDomains })
    },
    clock,
    maxAgeMs: TENANTS_MAX_AGE_MS,
    onFailure,
  })
}

/** What answers 410 by now may well be what nobody has thought of for months. */
export function warnOfEnded({ tenants }: TenantDirectory, clock: Clock, log: Log): void {
  for (const tenant of tenants) {
    for (const { surface, sunset } of endedSurfaces(tenant, clock)) {
      log.warn('a surface issues no more tokens since its sunset', { tenant: tenant.id, surface, sunset })
    }
  }
}

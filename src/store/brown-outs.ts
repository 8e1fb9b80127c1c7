import type { BrownOut, Span } from '../protocol/ending.ts'
import { LEGACY_SURFACES, type LegacySurface, SURFACE_NAMES } from '../protocol/policy.ts'
import type { EpochSeconds } from '../protocol/time.ts'
import type { AuditEvent } from './audit.ts'
import type { TenantRow } from './rows.ts'

/** A brown-out that an operator has started, or one of the configuration that was ended early. */
export interface BrownOutRow extends BrownOut {
  readonly tenant: string
  readonly id: string
  readonly surface: LegacySurface
  /** When it was ended before its time, or before it began; null: it was not. */
  readonly endedAt: EpochSeconds | null
}

/** They are kept apart from the settings of the tenant, so that who applies a configuration neither ends nor revives one. */
export interface BrownOutStore {
  /** Of all tenants, those whose time is not over. */
  listBrownOuts(now: EpochSeconds): Promise<readonly BrownOutRow[]>
  /** Throws `StoreConflict('exists')` if the tenant has one of the id. Forgets those whose time is over. */
  insertBrownOut(row: BrownOutRow, now: EpochSeconds, event?: AuditEvent): Promise<void>
  /** Saves it as one that has ended, whether it is there or only configured; false if it was ended before. */
  endBrownOut(row: BrownOutRow & { readonly endedAt: EpochSeconds }, event?: AuditEvent): Promise<boolean>
}

/** A brown-out of a tenant, wherever it comes from. */
export interface KnownBrownOut extends BrownOutRow {
  readonly origin: 'configuration' | 'operator'
}

/** All that a tenant has, of its configuration and of the rows, which may be those of others too. */
export function brownOutsOf(tenant: TenantRow, rows: readonly BrownOutRow[]): readonly KnownBrownOut[] {
  const known = new Map<string, KnownBrownOut>()
  for (const row of rows) if (row.tenant === tenant.id) known.set(row.id, { ...row, origin: 'operator' })
  for (const surface of LEGACY_SURFACES) {
    for (const brownOut of tenant.surfaces?.[surface]?.brownOuts ?? []) {
      const id = idOfConfigured(surface, brownOut)
      const endedAt = known.get(id)?.endedAt ?? null
      known.set(id, { ...brownOut, tenant: tenant.id, id, surface, endedAt, origin: 'configuration' })
    }
  }
  // An end of what is not configured any more is nothing.
  const isNothing = ({ id, surface, origin, ...span }: KnownBrownOut) =>
    origin === 'operator' && id === idOfConfigured(surface, span)
  return [...known.values()].filter((brownOut) => !isNothing(brownOut))
}

/** A tenant as requests are to see it: with the brown-outs that operators have started, without those they have ended. */
export function withBrownOuts(tenant: TenantRow, rows: readonly BrownOutRow[]): TenantRow {
  if (!rows.some((row) => row.tenant === tenant.id)) return tenant
  const live = brownOutsOf(tenant, rows).filter(({ endedAt }) => endedAt === null)
  const surfaces = { ...(tenant.surfaces ?? Object.fromEntries(SURFACE_NAMES.map((name) => [name, {}]))) }
  for (const name of LEGACY_SURFACES) {
    const settings = surfaces[name]
    if (settings === undefined) continue
    surfaces[name] = { ...settings, brownOuts: live.filter(({ surface }) => surface === name) }
  }
  return { ...tenant, surfaces }
}

/** A configured brown-out is named by its times, for it has no other name: `newstore-20270301T090000Z-20270301T100000Z`. */
function idOfConfigured(surface: LegacySurface, { from, to }: Span): string {
  const stamp = (time: EpochSeconds) => new Date(time * 1000).toISOString().replaceAll(/[-:]|\.000/g, '')
  return `${surface}-${stamp(from)}-${stamp(to)}`
}

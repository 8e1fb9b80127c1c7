import type { SurfaceName } from '../../protocol/policy.ts'
import type { AuditActor, AuditEntry, AuditEvent, AuditEventId, AuditEventType } from '../../store/audit.ts'
import type { Listed, Operations } from './operations.ts'
import { requireTenant } from './require-tenant.ts'

/** An event of the audit log as operators see it. */
export interface AuditEventResource {
  readonly id: AuditEventId
  readonly type: AuditEventType
  /** RFC 3339, with milliseconds. */
  readonly at: string
  /** Null: it concerns all. */
  readonly tenant: string | null
  readonly actor: AuditActor
  readonly user: string | null
  readonly client: string | null
  readonly object: string | null
  readonly surface: SurfaceName | null
  readonly source: string | null
  readonly requestId: string | null
  readonly result: AuditEvent['result']
  readonly reason: string | null
  readonly details: string | null
}

/** Which events; null: any. */
export interface AuditFilter {
  readonly types: readonly AuditEventType[] | null
  readonly user: string | null
  readonly client: string | null
  /** Milliseconds since the epoch, inclusive. */
  readonly fromMs: number | null
  /** Exclusive. */
  readonly toMs: number | null
}

/**
 * Newest first. `tenant` null: of all, and what concerns all. A page may hold fewer than `limit` and yet not be the
 * last. Throws `not_found` (tenant).
 */
export async function listAuditEvents(
  operations: Operations,
  tenant: string | null,
  filter: AuditFilter,
  page: { readonly before: AuditEventId | null; readonly limit: number },
): Promise<Listed<AuditEventResource, AuditEventId>> {
  if (tenant !== null) await requireTenant(operations, tenant)
  const { rows, next } = await operations.store.listEvents({ tenant, ...filter, ...page })
  return { items: rows.map(toAuditEventResource), next }
}

function toAuditEventResource({ id, type, atMs, ...event }: AuditEntry): AuditEventResource {
  return {
    id,
    type,
    at: new Date(atMs).toISOString(),
    tenant: event.tenant,
    actor: event.actor,
    user: event.user,
    client: event.client,
    object: event.object,
    surface: event.surface,
    source: event.source,
    requestId: event.requestId,
    result: event.result,
    reason: event.reason,
    details: event.details,
  }
}

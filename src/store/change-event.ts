import type { AuditActor, AuditEvent, CHANGE_EVENTS } from './audit.ts'

/** Who acts, and from where, as the audit log tells of it. */
export interface ActedBy {
  readonly actor: AuditActor
  /** The address; null: nobody knows, or it came from no other machine. */
  readonly source: string | null
  readonly requestId: string | null
}

/** Nobody asked for it. */
export const BY_SERVER: ActedBy = { actor: 'server', source: null, requestId: null }

/** What is written in the configuration is applied. */
export const BY_CONFIGURATION: ActedBy = { actor: 'configuration', source: null, requestId: null }

export type ChangeEventType = (typeof CHANGE_EVENTS)[number]

/** What was changed, of a tenant. */
export interface Changed {
  readonly tenant: string
  readonly user?: string
  readonly client?: string
  readonly object?: string
  readonly details?: string | null
}

/** The event that tells of a change; of those no request of the token plane asked for. */
export function changeEvent(
  { actor, source, requestId }: ActedBy,
  atMs: number,
  type: ChangeEventType,
  { tenant, user, client, object, details }: Changed,
): AuditEvent {
  return {
    type,
    atMs,
    tenant,
    actor,
    user: user ?? null,
    client: client ?? null,
    object: object ?? null,
    surface: null,
    source,
    requestId,
    result: 'ok',
    reason: null,
    details: details ?? null,
  }
}

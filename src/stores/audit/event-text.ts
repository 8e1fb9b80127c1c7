import type { AuditActor, AuditEvent, AuditEventType } from '../../store/audit.ts'

/**
 * An event as it is kept: by place, for names would take more room than what they name. A place keeps its meaning for
 * ever; new ones come last. The tenant is that of the record.
 */
type KeptEvent = readonly [
  type: string,
  atMs: number,
  actor: string,
  result: string,
  surface: string | null,
  client: string | null,
  user: string | null,
  source: string | null,
  requestId: string | null,
  object: string | null,
  reason: string | null,
  details: string | null,
]

/** JSON, on one line. */
export function eventsToText(events: readonly AuditEvent[]): string {
  return JSON.stringify(events.map(toKept))
}

export function eventsFromText(tenant: string | null, text: string): readonly AuditEvent[] {
  return (JSON.parse(text) as readonly KeptEvent[]).map((kept) => fromKept(tenant, kept))
}

function toKept(event: AuditEvent): KeptEvent {
  return [
    event.type,
    event.atMs,
    event.actor,
    event.result,
    event.surface,
    event.client,
    event.user,
    event.source,
    event.requestId,
    event.object,
    event.reason,
    event.details,
  ]
}

function fromKept(tenant: string | null, kept: KeptEvent): AuditEvent {
  return {
    tenant,
    type: kept[0] as AuditEventType,
    atMs: kept[1],
    actor: kept[2] as AuditActor,
    result: kept[3] as AuditEvent['result'],
    surface: kept[4] as AuditEvent['surface'],
    client: kept[5],
    user: kept[6],
    source: kept[7],
    requestId: kept[8],
    object: kept[9],
    reason: kept[10],
    details: kept[11],
  }
}

import type { AuditActor, AuditEvent, AuditEventType } from '../../store/audit.ts'

/** What an event tells besides its time. The tenant is that of the record. */
type Told = readonly [
  type: string,
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

/**
 * An event as it is kept: how many milliseconds later than the one before it, which places of `Told` are others than
 * those of that one (a sum of powers of two), and what is in these. Before the first there are the beginning of 1970
 * and nulls. So what many events have in common is written once. A place keeps its meaning for ever; new ones come last.
 */
type KeptEvent = readonly [laterMs: number, others: number, ...values: (string | null)[]]

const PLACES = 11
const NOTHING: readonly null[] = Array<null>(PLACES).fill(null)

/** JSON, on one line. */
export function eventsToText(events: readonly AuditEvent[]): string {
  let before: Told | readonly null[] = NOTHING
  let beforeMs = 0
  const kept: KeptEvent[] = []
  for (const event of events) {
    const told = toTold(event)
    const values: (string | null)[] = []
    let others = 0
    for (let place = 0; place < PLACES; place++) {
      const value = told[place] as string | null
      if (value === before[place]) continue
      others |= 1 << place
      values.push(value)
    }
    kept.push([event.atMs - beforeMs, others, ...values])
    before = told
    beforeMs = event.atMs
  }
  return JSON.stringify(kept)
}

export function eventsFromText(tenant: string | null, text: string): readonly AuditEvent[] {
  const told: (string | null)[] = [...NOTHING]
  let atMs = 0
  return (JSON.parse(text) as readonly KeptEvent[]).map(([laterMs, others, ...values]) => {
    let next = 0
    for (let place = 0; place < PLACES; place++) {
      if ((others & (1 << place)) !== 0) told[place] = values[next++] ?? null
    }
    atMs += laterMs
    return fromTold(tenant, atMs, told as unknown as Told)
  })
}

function toTold(event: AuditEvent): Told {
  return [
    event.type,
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

function fromTold(tenant: string | null, atMs: number, told: Told): AuditEvent {
  return {
    tenant,
    type: told[0] as AuditEventType,
    atMs,
    actor: told[1] as AuditActor,
    result: told[2] as AuditEvent['result'],
    surface: told[3] as AuditEvent['surface'],
    client: told[4],
    user: told[5],
    source: told[6],
    requestId: told[7],
    object: told[8],
    reason: told[9],
    details: told[10],
  }
}

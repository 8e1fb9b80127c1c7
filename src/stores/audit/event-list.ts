import type { AuditEntry, AuditEvent, AuditEventId, AuditQuery } from '../../store/audit.ts'
import type { TokenKey } from '../../store/rows.ts'
import type { Page } from '../../store/store.ts'
import { firstKeyAt } from '../key-sequence.ts'

/** The events of a record, by its key. */
export interface KeptEvents {
  readonly key: TokenKey
  readonly events: readonly AuditEvent[]
}

/** Which records may hold what is asked for. */
export interface RecordRange {
  /** Null: of all, and of none. */
  readonly tenant: string | null
  readonly first: TokenKey
  /** Exclusive. */
  readonly end: TokenKey
}

/** Reads the last records of a range, newest first; fewer than `limit` only if there are no more. */
export type ReadRecords = (range: RecordRange, limit: number) => Promise<readonly KeptEvents[]>

/** Records that are read at once. */
const PART = 50

/** Events one page looks at: with hardly any that fits, it is short, not late. */
const SEEN_EVENTS = 5000

/** An event is written so long after its time at the latest, unless the database could not be written for longer. */
const WRITTEN_WITHIN_MS = 60_000

const ABOVE_ALL_KEYS = 2 ** 53

/** Lists the events that are asked for, newest first. */
export async function listEvents(
  query: AuditQuery,
  read: ReadRecords,
): Promise<Page<AuditEntry, AuditEventId>> {
  const before = query.before === null ? null : parseId(query.before)
  const { tenant, fromMs, toMs, limit } = query
  const first = fromMs === null ? 0 : firstKeyAt(fromMs - WRITTEN_WITHIN_MS)
  let end = toMs === null ? ABOVE_ALL_KEYS : firstKeyAt(toMs + WRITTEN_WITHIN_MS)
  // The record itself may hold more.
  if (before !== null) end = Math.min(end, before.key + 1)
  const rows: AuditEntry[] = []
  for (let seen = 0; ; ) {
    const records = await read({ tenant, first, end }, PART)
    for (const { key, events } of records) {
      for (let place = events.length - 1; place >= 0; place--) {
        if (before !== null && key === before.key && place >= before.place) continue
        const event = events[place] as AuditEvent
        if (!isAskedFor(event, query)) continue
        if (rows.length === limit) return { rows, next: rows.at(-1)?.id ?? null }
        rows.push({ ...event, id: idOf(key, place) })
      }
      seen += events.length
      end = key
    }
    if (records.length < PART) return { rows, next: null }
    if (seen >= SEEN_EVENTS) return { rows, next: idOf(end, 0) }
  }
}

function isAskedFor(event: AuditEvent, { types, user, client, fromMs, toMs }: AuditQuery): boolean {
  return (
    (types === null || types.includes(event.type)) &&
    (user === null || event.user === user) &&
    (client === null || event.client === client) &&
    (fromMs === null || event.atMs >= fromMs) &&
    (toMs === null || event.atMs < toMs)
  )
}

function idOf(key: TokenKey, place: number): AuditEventId {
  return `${key}.${place}`
}

function parseId(id: AuditEventId): { readonly key: TokenKey; readonly place: number } {
  const [key, place] = id.split('.')
  return { key: Number(key), place: Number(place) }
}

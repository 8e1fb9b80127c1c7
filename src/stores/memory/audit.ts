import type { AuditEvent, AuditStore } from '../../store/audit.ts'
import type { TokenKey } from '../../store/rows.ts'
import { type KeptEvents, listEvents } from '../audit/event-list.ts'
import { expiryBound, expiryEvent } from '../audit/expiry.ts'
import { firstKeyAt, type NextKey } from '../key-sequence.ts'

/** A process that forgets everything needs no longer memory than that of what it did last. */
const MOST_RECORDS = 100_000

export interface MemoryAudit {
  readonly store: AuditStore
  /** Keeps an event, if there is one. */
  record(event: AuditEvent | null | undefined): void
}

/** Without chains: nobody else can reach the memory. */
export function memoryAudit(nextKey: NextKey): MemoryAudit {
  let records: KeptEvents[] = []
  /** Of the last expiry that was told of. */
  let boundMs = Number.NEGATIVE_INFINITY

  function record(event: AuditEvent | null | undefined): void {
    if (event === null || event === undefined) return
    if (records.length === 2 * MOST_RECORDS) records = records.slice(MOST_RECORDS)
    records.push({ key: nextKey(), events: [event] })
  }

  return {
    record,
    store: {
      startAudit: () => {},
      noteEvent: record,
      listEvents: (query) =>
        listEvents(query, async ({ tenant, first, end }, limit) => {
          const found: KeptEvents[] = []
          const firstPlace = countBelow(records, first)
          for (
            let place = countBelow(records, end) - 1;
            place >= firstPlace && found.length < limit;
            place--
          ) {
            const kept = records[place] as KeptEvents
            if (tenant === null || kept.events[0]?.tenant === tenant) found.push(kept)
          }
          return found
        }),
      verifyAudit: async () => ({ records: records.length, events: records.length, faults: [] }),
      async purgeAudit(nowMs, retentionMs, limit) {
        const bound = expiryBound(nowMs, retentionMs)
        const end = firstKeyAt(bound)
        const gone = Math.min(limit, countBelow(records, end))
        if (gone > 0 && bound > boundMs) {
          record(expiryEvent(nowMs, bound))
          boundMs = bound
        }
        records = records.slice(gone)
        return gone
      },
    },
  }
}

/** How many records have keys below one; they are in the order of their keys. */
function countBelow(records: readonly KeptEvents[], end: TokenKey): number {
  let [low, high] = [0, records.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((records[middle] as KeptEvents).key < end) low = middle + 1
    else high = middle
  }
  return low
}

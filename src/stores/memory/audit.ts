import type { AuditEvent, AuditStore } from '../../store/audit.ts'
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
        listEvents(query, async ({ tenant, first, end }, limit) =>
          records
            .filter(({ key, events: [event] }) => {
              return key >= first && key < end && (tenant === null || event?.tenant === tenant)
            })
            .slice(-limit)
            .reverse(),
        ),
      verifyAudit: async () => ({ records: records.length, events: records.length, faults: [] }),
      async purgeAudit(nowMs, retentionMs, limit) {
        const bound = expiryBound(nowMs, retentionMs)
        const end = firstKeyAt(bound)
        const gone = Math.min(limit, records.filter(({ key }) => key < end).length)
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

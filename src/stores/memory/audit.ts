import type { AuditEvent, AuditStore } from '../../store/audit.ts'
import { type KeptEvents, listEvents } from '../audit/event-list.ts'
import { firstKeyAt, type NextKey } from '../key-sequence.ts'

export interface MemoryAudit {
  readonly store: AuditStore
  /** Keeps an event, if there is one. */
  record(event: AuditEvent | null | undefined): void
}

/** Without chains: nobody else can reach the memory. */
export function memoryAudit(nextKey: NextKey): MemoryAudit {
  let records: KeptEvents[] = []

  function record(event: AuditEvent | null | undefined): void {
    if (event === null || event === undefined) return
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
      async purgeAudit(beforeMs, limit) {
        const end = firstKeyAt(beforeMs)
        const gone = Math.min(limit, records.filter(({ key }) => key < end).length)
        records = records.slice(gone)
        return gone
      },
    },
  }
}

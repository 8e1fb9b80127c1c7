import type { AuditStore } from '../../store/audit.ts'
import { listEvents } from '../audit/event-list.ts'
import { eventsFromText } from '../audit/event-text.ts'
import { firstKeyAt, type NextKey } from '../key-sequence.ts'
import type { AuditJournal } from './audit-journal.ts'
import { change, type Operation, record, type SqlDriver } from './operation.ts'

const LIST = `select key, tenant, events from audit where key >= ? and key < ? order by key desc limit ?`
const LIST_OF_TENANT = `select key, tenant, events from audit where tenant = ? and key >= ? and key < ?
  order by key desc limit ?`
const PURGE = `delete from audit where key in (select key from audit where key < ? order by key limit ?)`

/** How long an event may wait for a transaction that takes it along. */
const WAITS_MS = 1000

export interface SqlAudit {
  readonly store: AuditStore
  /** Writes what waits. */
  close(): Promise<void>
}

export function sqlAudit(driver: SqlDriver, journal: AuditJournal, nextKey: NextKey): SqlAudit {
  const { notes } = journal
  let timer: NodeJS.Timeout | null = null

  /** Anything takes them along. If it can not be written now, it is tried again. */
  async function writeNotes(): Promise<void> {
    timer = null
    if (!notes.isEmpty()) await driver.write(nothing).catch(() => {})
    if (!notes.isEmpty()) schedule()
  }

  function schedule(): void {
    timer ??= setTimeout(() => void writeNotes(), WAITS_MS).unref()
  }

  return {
    store: {
      startAudit: (start) => journal.start({ ...start, nextKey }),
      noteEvent(event) {
        notes.add(event)
        schedule()
      },
      listEvents: (query) =>
        listEvents(query, async ({ tenant, first, end }, limit) => {
          const rows =
            tenant === null
              ? await driver.read(LIST, [first, end, limit])
              : await driver.read(LIST_OF_TENANT, [tenant, first, end, limit])
          return rows.map(([key, ofTenant, events]) => ({
            key: Number(key),
            events: eventsFromText((ofTenant as string) || null, events as string),
          }))
        }),
      verifyAudit: async () => ({ records: 0, events: 0, faults: [] }),
      purgeAudit: (beforeMs, limit) => driver.write(() => change(PURGE, firstKeyAt(beforeMs), limit)),
    },
    async close() {
      if (timer !== null) clearTimeout(timer)
      try {
        while (!notes.isEmpty()) await driver.write(nothing)
      } catch {
        // What can not be written now is lost.
      }
    },
  }
}

/** A transaction of nothing but what waits to be written. */
function* nothing(): Operation<void> {
  yield* record(null)
}

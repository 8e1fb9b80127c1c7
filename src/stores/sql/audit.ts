import type { AuditStore } from '../../store/audit.ts'
import type { TokenKey } from '../../store/rows.ts'
import { listEvents } from '../audit/event-list.ts'
import { eventsFromText } from '../audit/event-text.ts'
import { expiryBound, expiryEvent } from '../audit/expiry.ts'
import { firstKeyAt, type NextKey } from '../key-sequence.ts'
import type { AuditJournal } from './audit-journal.ts'
import { createAuditReader } from './audit-records.ts'
import { verifyRecords } from './audit-verification.ts'
import { change, type Operation, record, type SqlDriver } from './operation.ts'

const LIST = `select key, tenant, events from audit where key >= ? and key < ? order by key desc limit ?`
const OF_TENANT = 'tenant = ? and key >= ? and tenant = ? and key < ?'
export const listOfTenant = (ofTenant = OF_TENANT) => `select key, tenant, events from audit where ${ofTenant}
  order by tenant desc, key desc limit ?`
const IS_ANY_BEFORE = 'select 1 from audit where key < ? limit 1'
const PURGE = `delete from audit where key in (select key from audit where key < ? order by key limit ?)`

/** How long an event may wait for a transaction that takes it along. */
const WAITS_MS = 1000

export interface SqlAudit {
  readonly store: AuditStore
  /** Writes what waits, in a transaction that is asked for at once: whoever closes the database meanwhile waits for it. */
  close(): Promise<void>
}

export function sqlAudit(driver: SqlDriver, journal: AuditJournal, nextKey: NextKey): SqlAudit {
  const { notes } = journal
  const reader = createAuditReader(driver)
  const listSql = listOfTenant(driver.keysOfTenant)
  /** Below that, everything may be missing, as the log tells. */
  let firstKept: TokenKey | null = null
  let timer: NodeJS.Timeout | null = null
  /** `failed`: nothing could be written, and the timer tries again. */
  let writing: 'idle' | 'underway' | 'failed' = 'idle'
  let closed = false

  /** Anything takes them along. One transaction after the other, until none is left. */
  async function writeNotes(): Promise<void> {
    writing = 'underway'
    try {
      while (!notes.isEmpty()) await driver.write(nothing)
      writing = 'idle'
    } catch {
      writing = 'failed'
      schedule()
    }
  }

  function schedule(): void {
    // Requests may still be answered, but nothing can be written any more.
    if (closed) return
    timer ??= setTimeout(() => {
      timer = null
      if (writing !== 'underway') void writeNotes()
    }, WAITS_MS).unref()
  }

  return {
    store: {
      startAudit: (start) => journal.start({ ...start, nextKey }),
      noteEvent(event) {
        notes.add(event)
        // Who asks for nothing but JWTs asks for thousands a second, and nothing else is written.
        if (writing === 'idle' && notes.areMany()) void writeNotes()
        else schedule()
      },
      listEvents: (query) =>
        listEvents(query, async ({ tenant, first, end }, limit) => {
          const rows =
            tenant === null
              ? await driver.read(LIST, [first, end, limit])
              : await driver.read(listSql, [tenant, first, tenant, end, limit])
          return rows.map(([key, ofTenant, events]) => ({
            key: Number(key),
            events: eventsFromText((ofTenant as string) || null, events as string),
          }))
        }),
      verifyAudit: (heads) => verifyRecords(reader, journal.means().digest, heads),
      async purgeAudit(nowMs, retentionMs, limit) {
        const boundMs = expiryBound(nowMs, retentionMs)
        const end = firstKeyAt(boundMs)
        if ((await driver.read(IS_ANY_BEFORE, [end])).length === 0) return 0
        firstKept ??= await reader.firstKept(journal.means().digest)
        if (firstKept < end) {
          await driver.write(() => record(expiryEvent(nowMs, boundMs)))
          firstKept = end
        }
        return await driver.write(() => change(PURGE, end, limit))
      },
    },
    async close() {
      closed = true
      if (timer !== null) clearTimeout(timer)
      notes.end()
      // What can not be written now is lost.
      if (!notes.isEmpty()) await driver.write(nothing).catch(() => {})
    },
  }
}

/** A transaction of nothing but what waits to be written. */
function* nothing(): Operation<void> {
  yield* record(null)
}

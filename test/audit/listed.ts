import type { AuditEntry } from '../../src/store/audit.ts'
import type { Store } from '../../src/store/store.ts'

/** Every event there is, the oldest first. */
export async function everyEvent(store: Pick<Store, 'listEvents'>): Promise<readonly AuditEntry[]> {
  const anything = { tenant: null, types: null, user: null, client: null, fromMs: null, toMs: null }
  const events: AuditEntry[] = []
  for (let before: string | null = null; ; ) {
    const { rows, next } = await store.listEvents({ ...anything, before, limit: 200 })
    events.push(...rows)
    if (next === null) return events.toReversed()
    before = next
  }
}

import type { AuditEvent } from '../../store/audit.ts'
import type { TokenKey } from '../../store/rows.ts'
import { eventsToText } from '../audit/event-text.ts'
import type { Notes } from '../audit/notes.ts'
import { type Head, recordText } from '../audit/record-text.ts'
import { keysWithin } from '../key-sequence.ts'
import type { AuditMeans } from './audit-journal.ts'
import { recordToInsert } from './audit-records.ts'
import { type Operation, type SqlStatement, select } from './operation.ts'

/** A chain has an anchor at its beginning, and again after so long, if there is anything to be written. */
const ANCHORED_EVERY = keysWithin(60_000)

/** Before the last anchor there is: what another node has written by then it may have committed later. */
const SEEN_LATE = keysWithin(60_000)

const ABOVE_ALL_KEYS = 2 ** 53

// Whoever has written anything since some time has an anchor since a minute before it. Tenant by tenant, for so the
// index has them. And between two bounds, since of one alone PostgreSQL believes that a third of all records is beyond it,
// and reads them all.
export const OTHER_HEADS = `with recursive tenants (name) as (
    select min(tenant) from audit
    union all
    select (select min(tenant) from audit where tenant > name) from tenants where name is not null
  )
  select chain, key, digest from audit where key in (
    select max(recent.key) from tenants join audit as recent on recent.tenant = tenants.name
    where recent.chain <> ? and recent.key > (select max(key) from audit where heads is not null) - ?
      and recent.key < ${ABOVE_ALL_KEYS}
    group by recent.chain
  ) order by key`

/**
 * The records one connection writes, each of which names the one before. So one that is taken away, from anywhere but
 * the end, is missed; and at the end by an anchor, which is a record of another chain that names it.
 */
export interface AuditChain {
  /** Whether anything is to be written besides what a transaction does: costs next to nothing. */
  isDue(events: readonly AuditEvent[]): boolean
  /**
   * What keeps the events of a transaction, and those that wait: one insert a tenant, to be run as the last of it. Must
   * be followed by `committed` or `failed`.
   */
  records(events: readonly AuditEvent[]): Operation<readonly SqlStatement[]>
  committed(): void
  /** Also if nobody knows. */
  failed(): void
}

interface ChainState {
  readonly chain: TokenKey
  readonly last: Head
  readonly anchor: TokenKey
}

export function createAuditChain(notes: Notes, means: () => AuditMeans): AuditChain {
  let state: ChainState | null = null
  /** Of the transaction that is underway. */
  let next: ChainState | null = null
  let noted: readonly AuditEvent[] = []
  let heads: readonly Head[] = []

  function* insert(tenant: string, events: readonly AuditEvent[]): Operation<SqlStatement> {
    const { nextKey, digest: digestOf } = means()
    const key = nextKey(next?.last.key)
    const chain = next?.chain ?? key
    const previous = next?.last ?? null
    const isAnchor = next === null || key - next.anchor >= ANCHORED_EVERY
    const named = isAnchor ? JSON.stringify(yield* otherHeads(chain)) : null
    const place = { key, chain, previous }
    const contents = { tenant, heads: named, events: eventsToText(events) }
    const digest = digestOf(recordText(place, contents))
    const last = { key, digest }
    if (isAnchor) heads = [...heads, last]
    next = { chain, last, anchor: isAnchor ? key : (next as ChainState).anchor }
    return recordToInsert({ ...place, ...contents, digest })
  }

  return {
    isDue: (events) => events.length > 0 || !notes.isEmpty(),
    *records(events) {
      next = state
      heads = []
      noted = notes.take()
      const inserts: SqlStatement[] = []
      for (const [tenant, group] of byTenant([...events, ...noted]))
        inserts.push(yield* insert(tenant, group))
      return inserts
    },
    committed() {
      state = next
      noted = []
      const { onHead } = means()
      for (const { key, digest } of heads) onHead?.(`${key}.${digest}`)
      heads = []
    },
    failed() {
      // What was written may be there all the same: nothing must claim the same place.
      state = null
      notes.putBack(noted)
      noted = []
    },
  }
}

/** Of chains that others have written to lately, their last records: chain, key and digest. */
function* otherHeads(chain: TokenKey): Operation<readonly (readonly unknown[])[]> {
  return yield* select(OTHER_HEADS, chain, ANCHORED_EVERY + SEEN_LATE)
}

/** Splits events by their tenants; those of none have an empty name. */
function byTenant(events: readonly AuditEvent[]): ReadonlyMap<string, readonly AuditEvent[]> {
  return Map.groupBy(events, ({ tenant }) => tenant ?? '')
}

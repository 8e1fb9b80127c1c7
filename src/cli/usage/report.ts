import type { Operations } from '../../admin/operations/operations.ts'
import {
  listUsage,
  summarizeUsage,
  type UsageFilter,
  type UsageResource,
  type UsageSummary,
} from '../../admin/operations/usage.ts'
import type { UsageKey } from '../../store/usage.ts'
import { isHeardOf } from './words.ts'

/** Who asks one tenant for what. */
export interface UsageReport {
  readonly tenant: string
  readonly summary: UsageSummary
  /** Those by deprecated ways first, then the busiest of the last week. */
  readonly callers: readonly UsageResource[]
  /** How many there are, with those that are left out. */
  readonly callersInAll: number
  /** Users and clients that called by deprecated ways in the last week, or today. */
  readonly stillDeprecated: number
  /** Those of them of which a client is known that could take over. */
  readonly withSuccessor: number
}

/** Rows asked for at once. */
const PAGE = 200

/** With the first `limit` callers. Reads all of them, and keeps a few. */
export async function readReport(
  operations: Operations,
  tenant: string,
  filter: UsageFilter,
  limit: number,
): Promise<UsageReport> {
  const summary = await summarizeUsage(operations, tenant, filter)
  let callers: readonly UsageResource[] = []
  let callersInAll = 0
  // One who logs in, and refreshes, and at two surfaces, is one; user and client never have the same id.
  const stillDeprecated = new Set<string>()
  const withSuccessor = new Set<string>()
  let after: UsageKey | null = null
  do {
    const page: Awaited<ReturnType<typeof listUsage>> = await listUsage(operations, tenant, filter, {
      after,
      limit: PAGE,
    })
    for (const caller of page.items) {
      const holder = caller.user ?? caller.client
      if (!caller.deprecated || holder === null || !isHeardOf(caller, summary.until)) continue
      stillDeprecated.add(holder)
      if (caller.successor !== null) withSuccessor.add(holder)
    }
    callersInAll += page.items.length
    callers = [...callers, ...page.items].sort(byWeight).slice(0, limit)
    after = page.next
  } while (after !== null)
  const counts = { stillDeprecated: stillDeprecated.size, withSuccessor: withSuccessor.size }
  return { tenant, summary, callers, callersInAll, ...counts }
}

function byWeight(one: UsageResource, other: UsageResource): number {
  return (
    Number(other.deprecated) - Number(one.deprecated) ||
    other.lastWeek - one.lastWeek ||
    other.succeeded - one.succeeded ||
    other.lastAt - one.lastAt
  )
}

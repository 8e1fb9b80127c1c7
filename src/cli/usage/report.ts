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
  let stillDeprecated = 0
  let withSuccessor = 0
  let after: UsageKey | null = null
  do {
    const page: Awaited<ReturnType<typeof listUsage>> = await listUsage(operations, tenant, filter, {
      after,
      limit: PAGE,
    })
    for (const caller of page.items) {
      const isNobody = caller.user === null && caller.client === null
      if (!caller.deprecated || isNobody || !isHeardOf(caller, summary.until)) continue
      stillDeprecated += 1
      if (caller.successor !== null) withSuccessor += 1
    }
    callersInAll += page.items.length
    callers = [...callers, ...page.items].sort(byWeight).slice(0, limit)
    after = page.next
  } while (after !== null)
  return { tenant, summary, callers, callersInAll, stillDeprecated, withSuccessor }
}

function byWeight(one: UsageResource, other: UsageResource): number {
  return (
    Number(other.deprecated) - Number(one.deprecated) ||
    other.lastWeek - one.lastWeek ||
    other.succeeded - one.succeeded ||
    other.lastAt - one.lastAt
  )
}

import { epochSeconds, type Seconds } from '../../protocol/time.ts'
import type { Operations } from './operations.ts'

/**
 * What is dead is kept this long. So a client is told for a while that its token expired or was revoked, and a clock
 * that runs ahead for up to a day has nothing deleted that is of use.
 */
export const PURGE_GRACE: Seconds = 86_400

/** After each transaction nothing is deleted for so many times as long as it took, at least. */
const REST = 2

/** For each row that is written meanwhile, so many dead ones may go: a purge is never outrun for long. */
const GONE_A_WRITE = 2

/** Of one call, whatever was written. */
const MOST_ROWS = 1000

const DAY: Seconds = 86_400

/** Refused requests that are kept of a tenant, a kilobyte each. */
const MOST_REFUSALS = 20_000

export interface PurgeOptions {
  /** How long the audit log is kept; 0, or without it: for ever. */
  readonly auditRetentionDays?: number
  /** How long the usage ledger goes back; without it, for ever. */
  readonly usageRetentionDays?: number
  /** How long refused requests are kept; without it, as long as there are not too many. */
  readonly refusalRetentionDays?: number
  /** Asked before each transaction. */
  readonly isStopped?: () => boolean
}

/**
 * Deletes tokens, denials and signing keys of which nothing has been of use for a day, what was counted of failed
 * logins as soon as it counts no more, and what is too old of the usage ledger and of the audit log; how many went. Takes its time:
 * requests are served meanwhile, nearly as fast as ever.
 */
export async function purgeExpired(
  { store, clock }: Pick<Operations, 'store' | 'clock'>,
  options: PurgeOptions = {},
): Promise<number> {
  const { auditRetentionDays = 0, usageRetentionDays = Number.POSITIVE_INFINITY } = options
  const { refusalRetentionDays = Number.POSITIVE_INFINITY, isStopped = () => false } = options
  const before = epochSeconds(clock) - PURGE_GRACE
  const usageBefore = epochSeconds(clock) - usageRetentionDays * DAY
  const refusalsBeforeMs = Math.max(0, clock() - refusalRetentionDays * DAY * 1000)
  const auditMs = auditRetentionDays * DAY * 1000
  let underway: readonly ((limit: number) => Promise<number>)[] = [
    (limit) => store.purgeLoginFailures(clock(), limit),
    async (limit) => (usageBefore > 0 ? await store.purgeUsage(usageBefore, limit) : 0),
    (limit) => store.purgeRefusals(refusalsBeforeMs, MOST_REFUSALS, limit),
    async (limit) => (auditMs > 0 ? await store.purgeAudit(clock(), auditMs, limit) : 0),
    (limit) => store.purge(before, limit, isStopped),
  ]
  let gone = await store.purgeSigningKeys(before)
  const { rows, pauseMs } = store.purgePace
  let written = store.statistics().writes
  while (underway.length > 0 && !isStopped()) {
    const { writes } = store.statistics()
    const limit = Math.max(rows, Math.min(MOST_ROWS, GONE_A_WRITE * (writes - written)))
    written = writes
    // In turns, so that none waits for the end of another, which may be hours away.
    const unfinished: (typeof underway)[number][] = []
    for (const purge of underway) {
      if (isStopped()) break
      const begunMs = performance.now()
      const purged = await purge(limit)
      gone += purged
      if (purged < limit) continue
      unfinished.push(purge)
      const tookMs = performance.now() - begunMs
      await new Promise((resolve) => setTimeout(resolve, Math.max(pauseMs, REST * tookMs)))
    }
    underway = unfinished
  }
  return gone
}

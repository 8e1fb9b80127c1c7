import { epochSeconds, type Seconds } from '../../protocol/time.ts'
import type { PurgePace } from '../../store/store.ts'
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

export interface PurgeOptions {
  /** How long the audit log is kept; 0, or without it: for ever. */
  readonly auditRetentionDays?: number
  /** How long the usage ledger goes back; without it, for ever. */
  readonly usageRetentionDays?: number
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
  const { isStopped = () => false } = options
  const before = epochSeconds(clock) - PURGE_GRACE
  let gone = await store.purgeSigningKeys(before)
  const { rows, pauseMs } = store.purgePace
  const auditMs = auditRetentionDays * DAY * 1000
  const usageBefore = epochSeconds(clock) - usageRetentionDays * DAY
  for (const purge of [
    () => store.purgeLoginFailures(clock(), rows),
    async () => (usageBefore > 0 ? await store.purgeUsage(usageBefore, rows) : 0),
    async () => (auditMs > 0 ? await store.purgeAudit(clock(), auditMs, rows) : 0),
  ]) {
    gone += await purgeInTurns(purge, store.purgePace, isStopped)
  }
  let written = store.statistics().writes
  while (!isStopped()) {
    const begunMs = performance.now()
    const { writes } = store.statistics()
    const limit = Math.max(rows, Math.min(MOST_ROWS, GONE_A_WRITE * (writes - written)))
    written = writes
    const purged = await store.purge(before, limit, isStopped)
    gone += purged
    if (purged < limit) break
    const tookMs = performance.now() - begunMs
    await new Promise((resolve) => setTimeout(resolve, Math.max(pauseMs, REST * tookMs)))
  }
  return gone
}

async function purgeInTurns(
  purge: () => Promise<number>,
  { rows, pauseMs }: PurgePace,
  isStopped: () => boolean,
): Promise<number> {
  for (let gone = 0; ; ) {
    const purged = isStopped() ? 0 : await purge()
    gone += purged
    if (purged < rows) return gone
    await new Promise((resolve) => setTimeout(resolve, pauseMs))
  }
}

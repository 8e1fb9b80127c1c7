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

export interface PurgeOptions {
  /** Asked before each transaction. */
  readonly isStopped?: () => boolean
}

/**
 * Deletes tokens, denials and signing keys of which nothing has been of use for a day, and what was counted of failed
 * logins as soon as it counts no more; how many went. Takes its time:
 * requests are served meanwhile, nearly as fast as ever.
 */
export async function purgeExpired(
  { store, clock }: Pick<Operations, 'store' | 'clock'>,
  { isStopped = () => false }: PurgeOptions = {},
): Promise<number> {
  const before = epochSeconds(clock) - PURGE_GRACE
  let gone = await store.purgeSigningKeys(before)
  gone += await purgeLoginFailures({ store, clock }, isStopped)
  const { rows, pauseMs } = store.purgePace
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

async function purgeLoginFailures(
  { store, clock }: Pick<Operations, 'store' | 'clock'>,
  isStopped: () => boolean,
): Promise<number> {
  const { rows, pauseMs } = store.purgePace
  for (let gone = 0; ; ) {
    const purged = isStopped() ? 0 : await store.purgeLoginFailures(clock(), rows)
    gone += purged
    if (purged < rows) return gone
    await new Promise((resolve) => setTimeout(resolve, pauseMs))
  }
}

import { epochSeconds, type Seconds } from '../../protocol/time.ts'
import type { Operations } from './operations.ts'

/**
 * What is dead is kept this long. So a client is told for a while that its token expired or was revoked, and a clock
 * that runs ahead for up to a day has nothing deleted that is of use.
 */
export const PURGE_GRACE: Seconds = 86_400

/** After each transaction nothing is deleted for so many times as long as it took, at least. */
const REST = 2

export interface PurgeOptions {
  /** Asked before each transaction. */
  readonly isStopped?: () => boolean
}

/**
 * Deletes tokens, denials and signing keys of which nothing has been of use for a day; how many went. Takes its time:
 * requests are served meanwhile, nearly as fast as ever.
 */
export async function purgeExpired(
  { store, clock }: Operations,
  { isStopped = () => false }: PurgeOptions = {},
): Promise<number> {
  const before = epochSeconds(clock) - PURGE_GRACE
  let gone = await store.purgeSigningKeys(before)
  const { rows, pauseMs } = store.purgePace
  while (!isStopped()) {
    const begunMs = performance.now()
    const purged = await store.purge(before, rows)
    gone += purged
    if (purged === 0) break
    const tookMs = performance.now() - begunMs
    await new Promise((resolve) => setTimeout(resolve, Math.max(pauseMs, REST * tookMs)))
  }
  return gone
}

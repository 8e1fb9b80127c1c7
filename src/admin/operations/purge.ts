import { epochSeconds, type Seconds } from '../../protocol/time.ts'
import type { Operations } from './operations.ts'

/**
 * Dead rows are kept this long. So a client is told for a while that its token expired or was revoked, and a clock
 * that runs ahead for some hours does not make a revocation forgotten.
 */
const GRACE: Seconds = 86_400

/** Rows asked for at once; the store deletes them in smaller transactions, so that no request waits for all. */
const BATCH = 1000

/** Deletes tokens and denials that died over a day ago, and signing keys whose time has passed; how many went. */
export async function purgeExpired({ store, clock }: Operations): Promise<number> {
  const now = epochSeconds(clock)
  let gone = await store.purgeSigningKeys(now)
  for (;;) {
    const purged = await store.purge(now - GRACE, BATCH)
    gone += purged
    if (purged === 0) return gone
  }
}

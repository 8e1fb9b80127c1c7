import { epochSeconds } from '../../protocol/time.ts'
import type { Operations } from './operations.ts'

/** Rows deleted in one transaction: few enough that no request waits for it. */
const BATCH = 1000

/** Deletes tokens, denials and signing keys whose time has passed, in small batches; how many went. */
export async function purgeExpired({ store, clock }: Operations): Promise<number> {
  const now = epochSeconds(clock)
  let gone = await store.purgeSigningKeys(now)
  for (;;) {
    const purged = await store.purge(now, BATCH)
    gone += purged
    if (purged === 0) return gone
  }
}

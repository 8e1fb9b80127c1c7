import type { EpochSeconds, Seconds } from '../../protocol/time.ts'
import type { Store } from '../../store/store.ts'

/**
 * What is spent or revoked here is forgotten some day, and must not come to life when the same data is read once more.
 * So it is remembered up to which token an import has seen all.
 */
interface Seen {
  /** When the newest of them was issued, by the clock of the other system. */
  readonly newestToken: EpochSeconds
  readonly startedAt: EpochSeconds
}

/** Nothing is forgotten sooner than that: see `TokenStore.purge`. */
const REMEMBERED: Seconds = 86_400

/** Tokens that were being issued during the first run may lie before others that it has seen. */
const MARGIN: Seconds = 3600

/** Tokens that were issued before this need not be looked at; null: no run has come to its end. */
export async function findSeenBefore(
  store: Pick<Store, 'findFact'>,
  tenant: string,
  now: EpochSeconds,
): Promise<EpochSeconds | null> {
  const text = await store.findFact(factOf(tenant))
  if (text === null) return null
  const { newestToken, startedAt } = JSON.parse(text) as Seen
  // Those of the last moment are told apart by what is here, as long as all of it is here.
  return now < startedAt + REMEMBERED ? newestToken - MARGIN : newestToken + 1
}

/** To be called when a run has seen all; `startedAt`: when it began. One that has seen nothing newer changes nothing. */
export async function rememberSeen(
  store: Pick<Store, 'findFact' | 'saveFact'>,
  tenant: string,
  newestToken: EpochSeconds | null,
  startedAt: EpochSeconds,
): Promise<void> {
  const before = await store.findFact(factOf(tenant))
  const known = before === null ? -1 : (JSON.parse(before) as Seen).newestToken
  if (newestToken === null || newestToken <= known) return
  const seen: Seen = { newestToken, startedAt }
  await store.saveFact(factOf(tenant), JSON.stringify(seen))
}

function factOf(tenant: string): string {
  return `imported_tokens/spree/${tenant}`
}

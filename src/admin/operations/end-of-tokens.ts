import { type EpochSeconds, epochSeconds } from '../../protocol/time.ts'
import type { Operations } from './operations.ts'

interface Holder {
  readonly tenant: string
  readonly tokensValidAfter: EpochSeconds
}

/**
 * An end (`tokensValidAfter`) that is later than every token its holder has, those of this very second too.
 *
 * A token is issued no earlier than the ends of its user and its client, which may be a moment ahead of the clock. So
 * the end of a user must be later than the last end of any client, and the other way round; the store remembers both.
 */
export async function endOfTokens(
  { store, clock }: Operations,
  noun: 'user' | 'client',
  { tenant, tokensValidAfter }: Holder,
): Promise<EpochSeconds> {
  const lastOfOthers = Number(
    (await store.findFact(lastEnd(noun === 'user' ? 'client' : 'user', tenant))) ?? 0,
  )
  const end = Math.max(tokensValidAfter, lastOfOthers, epochSeconds(clock)) + 1
  const name = lastEnd(noun, tenant)
  if (Number((await store.findFact(name)) ?? 0) < end) await store.saveFact(name, String(end))
  return end
}

/** As `endOfTokens`, for several users at once. */
export async function endOfUsersTokens(
  operations: Operations,
  tenant: string,
  users: readonly Holder[],
): Promise<EpochSeconds> {
  const ends = users.map(({ tokensValidAfter }) => tokensValidAfter)
  return await endOfTokens(operations, 'user', { tenant, tokensValidAfter: Math.max(0, ...ends) })
}

/**
 * An end of all tokens of a tenant that is later than every token it has issued, those of this very second too, and
 * those that were issued since the last such end.
 */
export async function endOfAllTokens({ store, clock }: Operations, tenant: string): Promise<EpochSeconds> {
  const ends = await Promise.all(
    (['user', 'client', 'tenant'] as const).map((noun) => store.findFact(lastEnd(noun, tenant))),
  )
  const end = Math.max(...ends.map(Number), epochSeconds(clock)) + 1
  await store.saveFact(lastEnd('tenant', tenant), String(end))
  return end
}

/** Name of the fact that tells the last end that was given to any user or client of a tenant, or to all of it. */
function lastEnd(noun: 'user' | 'client' | 'tenant', tenant: string): string {
  return `last_end_of_tokens/${noun}/${tenant}`
}

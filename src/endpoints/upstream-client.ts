import { ineligibility } from '../grants/index.ts'
import type { Reason } from '../protocol/errors.ts'
import type { Call } from './call.ts'
import { isStorable } from './upstream-holder.ts'

/**
 * Why a token of another server is of no use whose client is here, by the client's id and the time of its issue as that
 * server tells them; null: nothing here says so, or the client is not here.
 */
export async function endOfClientHere(id: unknown, issuedAt: unknown, call: Call): Promise<Reason | null> {
  if (typeof id !== 'string' || !isStorable(id)) return null
  const client = await call.services.store.findCurrentClient(call.tenant.id, id)
  if (client === null) return null
  // One that does not tell its time may be from before anything that has ended tokens.
  const since = typeof issuedAt === 'number' && Number.isSafeInteger(issuedAt) ? issuedAt : 0
  return ineligibility({ user: null, userId: null, client, clientId: id, issuedAt: since }, call.policy)
}

import { NOBODY } from '../crypto/bounded-queue.ts'
import type { Services } from '../endpoints/call.ts'
import { revoke } from '../endpoints/revoke.ts'
import { epochSeconds } from '../protocol/time.ts'
import type { ActedBy } from '../store/change-event.ts'
import { CommandFailed } from './failure.ts'
import type { FoundToken } from './find-token.ts'
import { trust } from './trust.ts'

/**
 * Revokes a token as its own client would. `dead`: it was so already, and nothing was written. A spent refresh token
 * is not dead in this sense: it still stands for its family.
 */
export async function revokeToken(
  text: string,
  { tenant, token }: FoundToken,
  services: Services,
  by: ActedBy,
): Promise<'revoked' | 'dead'> {
  const isSpent = token.kind === 'refresh' && token.row !== null && token.row.revokedAt === null
  if (token.state !== 'live' && !isSpent) return 'dead'
  // Disabling or deleting the holder ended all its tokens for good.
  if (token.client === null ? token.clientId !== null : token.client.disabled) return 'dead'
  const trusted = trust(token.client, services)
  const outcome = await revoke(
    { client: trusted.client, token: text },
    {
      services: trusted.services,
      tenant,
      policy: token.policy,
      now: epochSeconds(services.clock),
      ...NOBODY,
      by,
      trace: {},
    },
  )
  if (outcome !== 'revoked')
    throw new CommandFailed('The token could not be revoked: it changed meanwhile. Try again.')
  return 'revoked'
}

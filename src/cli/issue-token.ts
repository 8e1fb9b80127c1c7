import { NOBODY } from '../crypto/bounded-queue.ts'
import type { Services } from '../endpoints/call.ts'
import { requestToken } from '../endpoints/token.ts'
import { isRelayed } from '../endpoints/upstream.ts'
import { OAuthError } from '../protocol/errors.ts'
import type { SurfacePolicy, Tenant } from '../protocol/policy.ts'
import { epochSeconds } from '../protocol/time.ts'
import type { PresentedClient, TokenRequest, TokenResponse } from '../protocol/token.ts'
import type { ActedBy } from '../store/change-event.ts'
import { CommandFailed } from './failure.ts'
import { trust } from './trust.ts'

/** For whom a token is issued: a client, a user, or a user by way of a client. */
export interface IssueOrder {
  readonly client: string | null
  /** The user's name. */
  readonly user: string | null
  /** Null: what the surface gives unasked. */
  readonly scope: string | null
}

/**
 * Issues a token for which no credential is shown. It goes the way of every token request, and so under every rule
 * of surface, client, user and scope: only the answers of "is this the password?" and "is this the secret?" are yes.
 * Throws `CommandFailed` with the reason if the rules refuse it.
 */
export async function issueToken(
  order: IssueOrder,
  tenant: Tenant,
  policy: SurfacePolicy,
  services: Services,
  by: ActedBy,
): Promise<TokenResponse> {
  const client = order.client === null ? null : await services.store.findClient(tenant.id, order.client)
  if (order.client !== null && client === null) throw refused('unknown_client', policy)
  const trusted = trust(client, services)
  try {
    const response = await requestToken(requestFor(order, trusted.client), {
      services: trusted.services,
      tenant,
      policy,
      now: epochSeconds(services.clock),
      ...NOBODY,
      by,
      trace: {},
    })
    if (isRelayed(response)) throw new Error('nobody else was to be asked')
    return response
  } catch (thrown) {
    if (thrown instanceof OAuthError && thrown.code !== 'server_error') throw refused(thrown.reason, policy)
    throw thrown
  }
}

function requestFor({ user, scope }: IssueOrder, client: PresentedClient): TokenRequest {
  const parameters = new Map<string, string>()
  if (user !== null) parameters.set('username', user).set('password', '')
  return {
    grantType: user === null ? 'client_credentials' : 'password',
    client,
    parameters,
    scope,
    state: null,
  }
}

/** What to do about a refusal, by its reason. */
const ADVICE: Readonly<Record<string, string>> = {
  unknown_client: 'The tenant has no such client. See: mintkeeper client list',
  no_client: 'The surface gives tokens to clients only: name one with --client.',
  dpop_proof_missing: 'The client gets no token without a DPoP proof, which only its own key can make.',
  client_disabled: 'The client is disabled. Enable it with: mintkeeper client enable',
  user_disabled: 'The user is disabled. Enable it with: mintkeeper user enable',
  public_client: 'The client is public, so it has no tokens of its own: name a user too.',
  grant_not_allowed_for_client: 'The client does not have the grant type that this takes.',
  grant_type_off: 'The surface is not configured for the grant type that this takes.',
  scope_not_allowed: 'The surface, the client or the user may not have this scope.',
}

function refused(reason: string, { surface }: SurfacePolicy): CommandFailed {
  return new CommandFailed(
    `The surface ${surface} refuses this token (${reason}). ${ADVICE[reason] ?? ''}`.trimEnd(),
  )
}

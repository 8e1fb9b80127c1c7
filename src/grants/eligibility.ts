import type { Reason } from '../protocol/errors.ts'
import type { SurfacePolicy } from '../protocol/policy.ts'
import type { EpochSeconds } from '../protocol/time.ts'
import type { GrantType } from '../protocol/token.ts'
import type { ClientRow, UserRow } from '../store/rows.ts'

export interface Holder {
  /** Null with a `userId`: the user is gone. */
  readonly user: UserRow | null
  readonly userId: string | null
  /** Null with a `clientId`: the client is gone. */
  readonly client: ClientRow | null
  readonly clientId: string | null
  /** When the token was issued; null for one that is about to be. */
  readonly issuedAt: EpochSeconds | null
}

/**
 * May this user and this client get or keep a token now? The one place that answers it, for login, refresh,
 * introspection and token info alike. Null: they may; otherwise the reason why not.
 */
export function ineligibility(holder: Holder, policy: SurfacePolicy): Reason | null {
  const { user, client, issuedAt } = holder
  if (holder.userId !== null) {
    if (user === null) return 'user_deleted'
    if (user.disabled) return 'user_disabled'
    if (policy.requiredRoles.length > 0 && !policy.requiredRoles.some((role) => user.roles.includes(role))) {
      return 'user_lacks_role'
    }
    if (issuedAt !== null && issuedAt < user.tokensValidAfter) return 'revoked_for_user'
  }
  if (holder.clientId !== null) {
    if (client === null) return 'client_deleted'
    if (client.disabled) return 'client_disabled'
    if (issuedAt !== null && issuedAt < client.tokensValidAfter) return 'revoked_for_client'
  }
  return null
}

/** Whether a client (null: none takes part) may hold and use refresh tokens of logins by `grantType`. */
export function mayRefresh(client: ClientRow | null, grantType: GrantType, policy: SurfacePolicy): boolean {
  if (!policy.grants.includes('refresh_token')) return false
  if (grantType === 'client_credentials') {
    return policy.clientCredentialsRefreshToken && (client?.grants.includes('client_credentials') ?? false)
  }
  return client === null || client.grants.includes('refresh_token')
}

import { missingParameter, OAuthError } from '../protocol/errors.ts'
import { looksLikeJwt } from '../protocol/jwt.ts'
import type { SurfacePolicy } from '../protocol/policy.ts'
import type { TokenRequest } from '../protocol/token.ts'
import { isOpaqueToken } from '../protocol/upstream.ts'
import { hasPassed, refreshEnd } from '../store/ends.ts'
import type { ClientRow, TokenRow } from '../store/rows.ts'
import { ineligibility, mayRefresh } from './eligibility.ts'
import type {
  Authorization,
  Elsewhere,
  Grant,
  GrantContext,
  Presented,
  PresentedToken,
  RefreshDecision,
  Reuse,
} from './grant.ts'
import { allowedScope, mayAskForScope, refreshedScope } from './granted-scope.ts'

/** RFC 6749 §6. What happens to the refresh token itself is the surface's refresh policy. */
export const refreshToken: Grant = {
  type: 'refresh_token',
  read: async (request, context) => {
    const text = request.parameters.get('refresh_token')
    if (text === undefined || text === '') throw missingParameter('refresh_token')
    const found = await context.findPresentedToken(text)
    if (found === null && context.upstream?.tokens === true && mayBeElsewhere(text)) {
      return presentedElsewhere(request, context)
    }
    const presented = requireRefreshToken(found, context)
    return { decide: (client, jkt) => decide(request, presented, client, jkt, context) }
  },
}

/** No refresh token is a JWT, here or elsewhere: one of ours is shown to nobody. */
function mayBeElsewhere(text: string): boolean {
  return isOpaqueToken(text) && !looksLikeJwt(text)
}

/** Of no tenant and surface here. The client must be one that may refresh here. */
function presentedElsewhere(request: TokenRequest, { policy }: GrantContext): Presented {
  return {
    async decide(client): Promise<Elsewhere> {
      const mayAsk = mayRefresh(client, 'password', policy) && mayAskForScope(request.scope, client, policy)
      if (!mayAsk) throw refused('unknown_refresh_token')
      return { kind: 'elsewhere', user: null }
    },
  }
}

/** A refresh token of this tenant and surface that has not expired. Spent or not is decided later. */
function requireRefreshToken(presented: PresentedToken | null, context: GrantContext): PresentedToken {
  if (presented === null || presented.row.tenant !== context.tenant.id) throw refused('unknown_refresh_token')
  const { row } = presented
  if (row.userId !== null) context.note('user', row.userId)
  if (presented.kind !== 'refresh') throw refused('access_token_as_refresh_token')
  if (row.surface !== context.policy.surface) throw refused('refresh_token_of_another_surface')
  if (row.revokedAt !== null) throw refused('refresh_token_revoked')
  if (hasPassed(refreshEnd(row), context.now)) throw refused('refresh_token_expired')
  return presented
}

async function decide(
  request: TokenRequest,
  presented: PresentedToken,
  authenticated: ClientRow | null,
  jkt: string | null,
  context: GrantContext,
): Promise<Authorization | Reuse> {
  const { policy, store, tenant } = context
  const { row } = presented
  // A stranger's replay is refused before reuse is looked at: it must not be able to kill the family.
  if (row.clientId !== null && row.clientId !== authenticated?.id)
    throw refused('refresh_token_of_another_client')
  const client = row.clientId === null ? null : authenticated
  // Nor must a thief's, who has another key or none. RFC 9449 §5: that of a public client "MUST be bound".
  if (row.jkt !== null && row.jkt !== jkt && client?.public !== false)
    throw refused('refresh_token_of_another_key')
  if (!mayRefresh(client, row.grantType, policy)) {
    throw new OAuthError('unauthorized_client', 'grant_not_allowed_for_client')
  }
  const user = row.userId === null ? null : await store.findUser(tenant.id, row.userId)
  const holder = { user, userId: row.userId, client, clientId: row.clientId, issuedAt: row.issuedAt }
  const refusal = ineligibility(holder, policy)
  if (refusal !== null) throw refused(refusal)

  const kept = allowedScope(row.scope, { user, client }, policy)
  if (policy.refreshTokenScope !== null && !kept.includes(policy.refreshTokenScope)) {
    throw refused('refresh_token_scope_lost')
  }
  const refresh = await refreshDecision(presented, jkt, context)
  if (refresh === null) return { kind: 'reuse', row }
  const asked = refreshedScope(request.scope, row.scope, { user, client }, policy)
  return {
    kind: 'authorized',
    grantType: row.grantType,
    client,
    user,
    scope: row.scope,
    // A replay is answered with the successor as it is, whatever part of the grant is asked for now.
    accessScope:
      refresh.kind === 'replay'
        ? allowedScope(refresh.successor.accessScope, { user, client }, policy)
        : asked,
    expiresIn: expiresIn(row, client, policy),
    refresh,
    rehash: null,
  }
}

/** Null: the token was spent and its time is over. */
async function refreshDecision(
  presented: PresentedToken,
  jkt: string | null,
  context: GrantContext,
): Promise<RefreshDecision | null> {
  const { policy, now, store } = context
  const { row } = presented
  if (row.spentAt === null) return { kind: policy.refresh === 'keep' ? 'keep' : 'rotate', presented }
  if (row.successor === null || !isReplayWindowOpen(row, row.spentAt, policy, now)) return null
  const successor = await store.findToken(row.successor)
  // One live leaf: once the successor was spent, its parent is worth nothing.
  if (successor === null || successor.spentAt !== null || successor.revokedAt !== null) return null
  // The same answer would be of no use to it, and another one is not to be had.
  if (successor.jkt !== jkt) throw refused('replay_with_another_key')
  return { kind: 'replay', presented, successor }
}

function isReplayWindowOpen(row: TokenRow, spentAt: number, policy: SurfacePolicy, now: number): boolean {
  if (policy.reuseWindow === 0) return false
  if (now < spentAt + policy.reuseWindow) return true
  return policy.refresh === 'rotate-on-first-use' && row.supersededAt === null
}

function expiresIn(row: TokenRow, client: ClientRow | null, policy: SurfacePolicy): number {
  if (policy.inheritExpiresIn && row.accessExpiresAt !== null) return row.accessExpiresAt - row.issuedAt
  return client?.expiresIn ?? policy.expiresIn
}

function refused(reason: string): OAuthError {
  return new OAuthError('invalid_grant', reason)
}

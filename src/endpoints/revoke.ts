import type { PresentedToken } from '../grants/index.ts'
import { OAuthError } from '../protocol/errors.ts'
import type { RevocationOutcome, RevocationRequest } from '../protocol/token.ts'
import type { AuditEvent } from '../store/audit.ts'
import { tokenId } from '../store/token-id.ts'
import { requestEvent, revocationType } from './audit.ts'
import type { Call } from './call.ts'
import { authenticateClient } from './client-authentication.ts'
import { type InspectedToken, inspectJwt, jwtDenialId } from './inspect.ts'
import { accessTokenState, findPresentedToken } from './presented-token.ts'
import { askUpstream, isTokenElsewhere } from './upstream.ts'

/**
 * Token revocation (RFC 7009). A refresh token takes its whole family along; an access token its own row, and so
 * the refresh token it was issued with. An access token that has expired is dead already: nothing changes.
 * Throws if the revocation could not be stored: "revoked" is never answered before it is true.
 */
export async function revoke(request: RevocationRequest, call: Call): Promise<RevocationOutcome> {
  const client = await authenticateClient(request.client, call)
  if (request.token === null || request.token === '') return 'unknown_token'
  const known = await revokeAs(client?.id ?? null, request.token, call)
  const outcome = known === 'unknown_token' ? await revokeElsewhere(request, request.token, call) : known
  if (outcome === 'token_of_another_client') {
    const refusal = new OAuthError('unauthorized_client', 'token_of_another_client')
    call.trace.refused = refusal
    call.services.audit.refuse(requestEvent(call, 'revoke', null, null, refusal))
  }
  return outcome
}

async function revokeAs(clientId: string | null, token: string, call: Call): Promise<RevocationOutcome> {
  const presented = await findPresentedToken(token, call.tenant.id, call.services.store)
  if (presented !== null) return await revokeOpaque(presented, clientId, call)
  const jwt = await inspectJwt(token, call)
  return jwt === null ? 'unknown_token' : await revokeJwt(token, jwt, clientId, call)
}

/** What the other server has not done is not answered as done: it refuses what is another client's there. */
async function revokeElsewhere(
  { client }: RevocationRequest,
  token: string,
  call: Call,
): Promise<RevocationOutcome> {
  if (!(await isTokenElsewhere(token, call))) return 'unknown_token'
  const answer = await askUpstream({ kind: 'revocation', client, token }, call)
  if (answer.kind === 'refused') return 'token_of_another_client'
  call.services.store.noteEvent(requestEvent(call, revocationType(call), null, 'upstream', null))
  return 'revoked'
}

async function revokeOpaque(
  { row, kind }: PresentedToken,
  clientId: string | null,
  call: Call,
): Promise<RevocationOutcome> {
  const { store } = call.services
  if (row.tenant !== call.tenant.id || row.surface !== call.policy.surface) return 'unknown_token'
  if (row.clientId !== null && row.clientId !== clientId) return 'token_of_another_client'
  if (kind === 'access' && accessTokenState(row, call.now) === 'expired') return 'revoked'
  // Under `keep` the row of a refreshed access token lacks the refresh token it came from, which is the family's.
  const isOfKept = row.refreshHash === null && row.parent !== null
  const event = eventOf(tokenId(row.key), row.userId, call)
  if (kind === 'refresh' || isOfKept) await store.revokeFamily(row.key, call.now, event)
  else await store.revokeToken(row.key, call.now, event)
  return 'revoked'
}

async function revokeJwt(
  text: string,
  token: InspectedToken,
  clientId: string | null,
  call: Call,
): Promise<RevocationOutcome> {
  const { store } = call.services
  if (token.policy !== call.policy) return 'unknown_token'
  if (token.clientId !== clientId) return 'token_of_another_client'
  if (token.expiresAt === null || token.expiresAt <= call.now) return 'revoked'
  if (token.row !== null) {
    await store.revokeToken(token.row.key, call.now, eventOf(tokenId(token.row.key), token.userId, call))
  } else {
    const id = jwtDenialId(text, token.jwtId)
    await store.denyJwt(call.tenant.id, id, token.expiresAt, eventOf(id, token.userId, call))
  }
  return 'revoked'
}

/** What the audit log is told; the user whose token it was is known by now. */
function eventOf(object: string, user: string | null, call: Call): AuditEvent {
  if (user !== null) call.trace.user = user
  return requestEvent(call, revocationType(call), object, null, null)
}

import { ineligibility } from '../grants/index.ts'
import { OAuthError } from '../protocol/errors.ts'
import type { TokenRequest } from '../protocol/token.ts'
import { issueType, requestEvent } from './audit.ts'
import type { Call } from './call.ts'
import { refuseUserInBrownOut } from './ending.ts'
import { askUpstream, noteIssued, type Relayed, upstreamRefusal } from './upstream.ts'
import { upstreamHolder } from './upstream-holder.ts'

/** A refresh with a token that is not from here: the server that the surface is moved from decides it. */
export async function refreshUpstream(request: TokenRequest, call: Call): Promise<Relayed> {
  const answer = await askUpstream({ kind: 'refresh_token', request }, call)
  if (answer.kind === 'refused') throw upstreamRefusal(answer.refusal)
  // To ask about an opaque token would be its first use, and end the one it comes from: an answer that got lost could
  // not be had again. Whose it is, only the other server knows.
  if (call.policy.accessToken !== 'opaque') await refuseEnded(answer.content, call)
  noteIssued(answer.content, call)
  const type = issueType(call)
  if (type !== null) call.services.store.noteEvent(requestEvent(call, type, null, 'upstream', null))
  return answer
}

/** Users who are here are decided here. When they logged in there is not known: before anything that has ended tokens. */
async function refuseEnded(content: Readonly<Record<string, unknown>>, call: Call): Promise<void> {
  const { subject } = await upstreamHolder(content, call)
  const { store } = call.services
  const tenant = call.tenant.id
  const user = await store.findCurrentUser(tenant, subject)
  if (user === null) {
    if (await store.isUserDeleted(tenant, subject)) throw new OAuthError('invalid_grant', 'user_deleted')
    return
  }
  call.trace.user = user.id
  const refusal = ineligibility(
    { user, userId: user.id, client: null, clientId: null, issuedAt: 0 },
    call.policy,
  )
  if (refusal !== null) throw new OAuthError('invalid_grant', refusal)
  refuseUserInBrownOut(user, call.policy, call.now)
}

import { OAuthError } from '../protocol/errors.ts'
import type { TokenRequest } from '../protocol/token.ts'
import { issueType, requestEvent } from './audit.ts'
import type { Call } from './call.ts'
import { refuseUserInBrownOut } from './ending.ts'
import { askUpstream, noteIssued, type Relayed, upstreamRefusal } from './upstream.ts'
import { upstreamHolder } from './upstream-holder.ts'
import { holderHere } from './upstream-user.ts'

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

/** Users who are here are decided here. */
async function refuseEnded(content: Readonly<Record<string, unknown>>, call: Call): Promise<void> {
  const holder = await holderHere((await upstreamHolder(content, call)).subject, call)
  if (typeof holder === 'string') throw new OAuthError('invalid_grant', holder)
  if (holder !== null) refuseUserInBrownOut(holder, call.policy, call.now)
}

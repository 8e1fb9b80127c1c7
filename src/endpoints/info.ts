import { OAuthError } from '../protocol/errors.ts'
import type { TokenInfo } from '../protocol/introspection.ts'
import type { Secret } from '../protocol/secret.ts'
import type { Call } from './call.ts'
import { inspectToken, noteMoved, noteSeen } from './inspect.ts'
import { askUpstream, isTokenElsewhere, type Relayed } from './upstream.ts'
import { endOfClientHere } from './upstream-client.ts'
import { holderOfInfo } from './upstream-holder.ts'
import { holderHere } from './upstream-user.ts'

/** What a bearer token says about itself (Doorkeeper's `token/info`). Throws `invalid_token` unless it is live. */
export async function tokenInfo(bearer: Secret | null, call: Call): Promise<TokenInfo | Relayed> {
  const token = bearer === null ? null : await inspectToken(bearer.reveal(), call)
  if (token === null && bearer !== null && (await isTokenElsewhere(bearer.reveal(), call))) {
    const answer = await askUpstream({ kind: 'info', bearer }, call)
    if (answer.kind === 'answered') {
      await refuseEnded(answer.content, call)
      return answer
    }
  }
  if (token === null || token.kind !== 'access' || token.policy !== call.policy) {
    throw new OAuthError('invalid_token', bearer === null ? 'no_token' : 'unknown_token')
  }
  if (token.state !== 'live') {
    throw token.state === 'expired'
      ? new OAuthError('expired_token', 'token_expired')
      : new OAuthError('revoked_token', 'token_revoked')
  }
  await noteSeen(token, call)
  noteMoved(token, call)
  return {
    userId: token.userId,
    clientId: token.clientId,
    scope: token.scope,
    expiresIn: token.expiresAt === null ? null : token.expiresAt - call.now,
    issuedAt: token.issuedAt,
  }
}

/** Users and clients who are here are decided here, whoever has issued the token. */
async function refuseEnded(content: Readonly<Record<string, unknown>>, call: Call): Promise<void> {
  const holder = holderOfInfo(content)
  const here = holder === null ? null : await holderHere(holder.subject, call)
  if (typeof here === 'string') throw new OAuthError('invalid_token', here)
  const ended = await endOfClientHere(applicationOf(content), content.created_at, call)
  if (ended !== null) throw new OAuthError('invalid_token', ended)
}

function applicationOf({ application }: Readonly<Record<string, unknown>>): unknown {
  return typeof application === 'object' && application !== null && 'uid' in application
    ? application.uid
    : null
}

import { OAuthError } from '../protocol/errors.ts'
import type { TokenRequest } from '../protocol/token.ts'
import type { UserRow } from '../store/rows.ts'
import { requestEvent } from './audit.ts'
import type { Call } from './call.ts'
import { refuseUserInBrownOut } from './ending.ts'
import { askUpstream, noteIssued, type Relayed, upstreamRefusal } from './upstream.ts'
import { upstreamHolder } from './upstream-holder.ts'
import { admitUser, type ProvedLogin } from './upstream-user.ts'

/**
 * The login of a user who is not here, or came without a password: the server that the surface is moved from decides
 * it, its answer is sent, and whoever has proved a password there has it here from then on.
 *
 * It is asked only if a refusal would find room within the limits of guessing, and its refusal counts like a wrong
 * password here. What it fails to answer counts as nothing, and is nobody's wrong password.
 */
export async function loginUpstream(
  request: TokenRequest,
  user: UserRow | null,
  call: Call,
): Promise<Relayed> {
  const { passwords, logins } = call.services
  const username = request.parameters.get('username') ?? ''
  const password = request.parameters.get('password') ?? ''
  const login = { tenant: call.tenant.id, userId: user?.id ?? null, username, source: call.source() }
  const attempt = logins.begin(login, call.now * 1000)
  // What every refused login costs here; and who sends too many waits for his turn before he can have anybody asked.
  await passwords.verify(null, password, call)
  const outcome = await attempt.ask(
    () => loggedIn(request, { user, username, password }, call),
    (one) => !(one instanceof OAuthError),
  )
  if (outcome === 'blocked') throw new OAuthError('invalid_grant', 'login_blocked')
  if (outcome instanceof OAuthError) throw outcome
  call.services.store.noteEvent(requestEvent(call, 'login', null, 'upstream', null))
  return outcome
}

/** Returns the refusals that count as a wrong password, and throws what does not. */
async function loggedIn(
  request: TokenRequest,
  login: ProvedLogin,
  call: Call,
): Promise<Relayed | OAuthError> {
  const answer = await askUpstream({ kind: 'password', request }, call)
  if (answer.kind === 'refused') {
    const refusal = upstreamRefusal(answer.refusal)
    // Whose scope is wrong has had the right password.
    if (answer.refusal === 'scope') throw refusal
    return refusal
  }
  const admitted = await admitUser(await upstreamHolder(answer.content, call), login, call)
  if (typeof admitted === 'string') return new OAuthError('invalid_grant', admitted)
  refuseUserInBrownOut(admitted, call.policy, call.now)
  noteIssued(answer.content, call)
  return answer
}

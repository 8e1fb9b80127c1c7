import { missingParameter, OAuthError, type Reason } from '../protocol/errors.ts'
import type { TokenRequest } from '../protocol/token.ts'
import type { ClientRow, UserRow } from '../store/rows.ts'
import { type Holder, ineligibility, mayRefresh } from './eligibility.ts'
import type { Authorization, Elsewhere, Grant, GrantContext } from './grant.ts'
import { grantScope, mayAskForScope } from './granted-scope.ts'

/** RFC 6749 §4.3: a user's name and password. Deprecated everywhere; on where a surface's policy lists it. */
export const password: Grant = {
  type: 'password',
  read: (request, context) => {
    const username = request.parameters.get('username')
    if (username === undefined) throw missingParameter('username')
    const secret = request.parameters.get('password')
    if (secret === undefined) throw missingParameter('password')
    return { decide: (client) => decide(request, username, secret, client, context) }
  },
}

async function decide(
  request: TokenRequest,
  username: string,
  secret: string,
  client: ClientRow | null,
  context: GrantContext,
): Promise<Authorization | Elsewhere> {
  const { policy, store, tenant } = context
  const user = username === '' ? null : await store.findUserByLogin(tenant.id, username)
  if (user !== null) context.note('user', user.id)
  const refusal = user === null ? 'unknown_user' : ineligibility(holderOf(user, client), policy)
  if (context.upstream?.users === true && isNotHere(user, refusal) && username !== '' && secret !== '') {
    // What the client may not have here it is not given by another server either.
    if (mayAskForScope(request.scope, client, policy)) return { kind: 'elsewhere', user }
  }
  // Whoever is refused is so after a password was hashed: time tells nothing.
  const isRefused = refusal !== null
  const verdict = await context.checkPassword({ user, username, password: secret, isRefused })
  if (verdict === 'blocked') throw new OAuthError('invalid_grant', 'login_blocked')
  if (user === null || refusal !== null) throw new OAuthError('invalid_grant', refusal ?? 'unknown_user')
  if (verdict === 'mismatch') {
    throw new OAuthError(
      'invalid_grant',
      user.passwordHash === null ? 'user_has_no_password' : 'wrong_password',
    )
  }
  const scope = grantScope(request.scope, { client, user }, policy)
  const offline = policy.refreshTokenScope === null || scope.includes(policy.refreshTokenScope)
  return {
    kind: 'authorized',
    grantType: 'password',
    client,
    user,
    scope,
    accessScope: scope,
    expiresIn: client?.expiresIn ?? policy.expiresIn,
    refresh: { kind: offline && mayRefresh(client, 'password', policy) ? 'first' : 'none' },
    rehash: verdict === 'match_weak' ? rehashOf(user, secret) : null,
  }
}

/**
 * Whether the password of a user may come from another server: nobody has ever given or taken one here. Whose password
 * was taken away had all tokens ended with it.
 */
export function mayBeGivenPassword({ passwordHash, tokensValidAfter }: UserRow): boolean {
  return passwordHash === null && tokensValidAfter === 0
}

/** Nobody has the name, or somebody who came without a password and is not refused for another reason. */
function isNotHere(user: UserRow | null, refusal: Reason | null): boolean {
  return user === null || (refusal === null && mayBeGivenPassword(user))
}

function holderOf(user: UserRow, client: ClientRow | null): Holder {
  return { user, userId: user.id, client, clientId: client?.id ?? null, issuedAt: null }
}

function rehashOf(user: UserRow, secret: string): Authorization['rehash'] {
  return user.passwordHash === null ? null : { userId: user.id, from: user.passwordHash, password: secret }
}

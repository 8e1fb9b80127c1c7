import { missingParameter, OAuthError } from '../protocol/errors.ts'
import type { TokenRequest } from '../protocol/token.ts'
import type { ClientRow, UserRow } from '../store/rows.ts'
import { type Holder, ineligibility, mayRefresh } from './eligibility.ts'
import type { Authorization, Grant, GrantContext } from './grant.ts'
import { grantScope } from './granted-scope.ts'

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
): Promise<Authorization> {
  const { policy, store, tenant } = context
  const user = username === '' ? null : await store.findUserByLogin(tenant.id, username)
  if (user !== null) context.note('user', user.id)
  const refusal = user === null ? 'unknown_user' : ineligibility(holderOf(user, client), policy)
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

function holderOf(user: UserRow, client: ClientRow | null): Holder {
  return { user, userId: user.id, client, clientId: client?.id ?? null, issuedAt: null }
}

function rehashOf(user: UserRow, secret: string): Authorization['rehash'] {
  return user.passwordHash === null ? null : { userId: user.id, from: user.passwordHash, password: secret }
}

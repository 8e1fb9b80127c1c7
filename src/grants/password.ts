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
  // Whoever is refused is so after the password was hashed, and each time anew: time tells nothing.
  const holder = user === null || refusal !== null ? null : `${user.tenant}/${user.id}/${user.version}`
  const verdict = await context.verifyPassword(user?.passwordHash ?? null, secret, holder)
  if (user === null) throw new OAuthError('invalid_grant', 'unknown_user')
  if (verdict === 'mismatch') {
    throw new OAuthError(
      'invalid_grant',
      user.passwordHash === null ? 'user_has_no_password' : 'wrong_password',
    )
  }
  if (refusal !== null) throw new OAuthError('invalid_grant', refusal)
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

import { OAuthError } from '../protocol/errors.ts'
import type { SurfacePolicy } from '../protocol/policy.ts'
import { includesScope, parseScope, type Scope } from '../protocol/scope.ts'
import type { ClientRow, UserRow } from '../store/rows.ts'

interface ScopeHolder {
  readonly user: UserRow | null
  readonly client: ClientRow | null
}

/**
 * The granted scope of a new login. Refuses with `invalid_scope` whatever surface, client, user or role does not
 * allow (RFC 6749 §3.3); what was not asked is none or all, as the surface's policy says.
 */
export function grantScope(requested: string | null, holder: ScopeHolder, policy: SurfacePolicy): Scope {
  const asked = requested === null ? [] : parseScope(requested)
  if (asked.length === 0) {
    if (policy.unrequestedScope === 'none') return []
    return allowedScope(holder.client?.scopes ?? policy.scopes ?? [], holder, policy)
  }
  if (!asked.every((token) => isAllowed(token, holder, policy))) {
    throw new OAuthError('invalid_scope', 'scope_not_allowed')
  }
  return asked
}

/** Whether surface and client allow what is requested, whoever the user is. */
export function mayAskForScope(
  requested: string | null,
  client: ClientRow | null,
  policy: SurfacePolicy,
): boolean {
  if (requested === null) return true
  try {
    return parseScope(requested).every((token) => isAllowed(token, { client, user: null }, policy))
  } catch (thrown) {
    if (thrown instanceof OAuthError) return false
    throw thrown
  }
}

/**
 * The scope of a refreshed access token (RFC 6749 §6): what was granted, or the narrower scope asked for, without
 * what user or client have lost since. Refuses with `invalid_scope` what was never granted or is lost.
 */
export function refreshedScope(
  requested: string | null,
  granted: Scope,
  holder: ScopeHolder,
  policy: SurfacePolicy,
): Scope {
  const kept = allowedScope(granted, holder, policy)
  const asked = requested === null ? [] : parseScope(requested)
  if (asked.length === 0) return kept
  if (!includesScope(kept, asked)) throw new OAuthError('invalid_scope', 'scope_exceeds_grant')
  return asked
}

/** The part of `scope` that surface, client and user still allow. */
export function allowedScope(scope: Scope, holder: ScopeHolder, policy: SurfacePolicy): Scope {
  return scope.every((token) => isAllowed(token, holder, policy))
    ? scope
    : scope.filter((token) => isAllowed(token, holder, policy))
}

function isAllowed(token: string, { user, client }: ScopeHolder, policy: SurfacePolicy): boolean {
  if (policy.scopes !== null && !policy.scopes.includes(token)) return false
  if (client !== null && !client.scopes.includes(token)) return false
  if (user === null) return true
  if (user.scopes !== null && !user.scopes.includes(token)) return false
  if (!Object.hasOwn(policy.roleOfScope, token)) return true
  const role = policy.roleOfScope[token]
  return role === undefined || user.roles.includes(role)
}

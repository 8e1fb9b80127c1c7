import { KNOWN_SCOPES } from '../protocol/request-words.ts'
import type { Finding } from '../store/findings.ts'
import type { Examined } from './examined.ts'

/** Which word of a scope was refused, by whom, and what may be asked for. */
export function scopeFindings(examined: Examined): readonly Finding[] {
  const { refusal, request, policy, client } = examined
  switch (refusal.reason) {
    case 'grant_not_allowed_for_client':
      return client === null
        ? []
        : [{ finding: 'grants_of_client', client: client.id, grants: client.grants }]
    case 'unknown_grant_type':
    case 'grant_type_off':
    case 'grant_type_of_another_path':
      return [{ finding: 'grants_of_surface', grants: policy.grants }]
    case 'malformed_scope':
    case 'scope_not_allowed':
    case 'scope_exceeds_grant':
      return request?.scope == null ? [] : refusedScopes(request.scope, examined)
    default:
      return []
  }
}

function refusedScopes(text: string, examined: Examined): readonly Finding[] {
  const words = text.split(' ').filter((word) => word !== '')
  const separators: readonly Finding[] = /[,;]/.test(text) ? [{ finding: 'scope_separator' }] : []
  const known = knownScopes(examined)
  const refused = words.slice(0, 100).flatMap((scope, index): Finding[] => {
    const by = refusedBy(scope, examined)
    if (by === null) return []
    return [{ finding: 'scope_refused', place: index + 1, scope: known.has(scope) ? scope : null, by }]
  })
  return [...separators, ...refused.slice(0, 10), { finding: 'scopes_allowed', scopes: allowed(examined) }]
}

/** Those that may be told: something here has them, or everybody asks for them. */
export function knownScopes({ policy, client, user }: Pick<Examined, 'policy' | 'client' | 'user'>) {
  return new Set([
    ...KNOWN_SCOPES,
    ...(policy.scopes ?? []),
    ...(client?.scopes ?? []),
    ...(user?.scopes ?? []),
    ...Object.keys(policy.roleOfScope),
  ])
}

function refusedBy(scope: string, { policy, client, user, refusal }: Examined) {
  if (policy.scopes !== null && !policy.scopes.includes(scope)) return 'surface'
  if (client !== null && !client.scopes.includes(scope)) return 'client'
  if (user !== null && user.scopes !== null && !user.scopes.includes(scope)) return 'user'
  const role = Object.hasOwn(policy.roleOfScope, scope) ? policy.roleOfScope[scope] : undefined
  if (role !== undefined && user !== null && !user.roles.includes(role)) return 'role'
  return refusal.reason === 'scope_exceeds_grant' ? 'grant' : null
}

function allowed(examined: Examined): readonly string[] {
  const scopes = examined.client?.scopes ?? examined.policy.scopes ?? []
  const isAllowed = (scope: string) => [null, 'grant'].includes(refusedBy(scope, examined))
  return scopes.filter(isAllowed).slice(0, 50)
}

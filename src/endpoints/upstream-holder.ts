import { decodeUnique, splitCompactJws } from '../crypto/compact-jws.ts'
import { OAuthError } from '../protocol/errors.ts'
import type { JwtClaims, JwtHolder } from '../protocol/jwt.ts'
import { Secret } from '../protocol/secret.ts'
import { MAX_JWT_LENGTH } from '../protocol/token-size.ts'
import { isOpaqueToken } from '../protocol/upstream.ts'
import type { Call } from './call.ts'
import { askUpstream } from './upstream.ts'

/** How long to wait with what will probably not be better by then, but is not for ever. */
const RETRY_AFTER = 30

/**
 * Whose tokens an answer has: by the claims of the access token, or, where that is opaque, by what the other server
 * says about it. Throws `temporarily_unavailable` if that can not be told: whom it would let in is not known, and might be
 * somebody who is disabled here.
 */
export async function upstreamHolder(
  content: Readonly<Record<string, unknown>>,
  call: Call,
): Promise<JwtHolder> {
  const { access_token: token } = content
  const holder =
    call.policy.accessToken === 'opaque' ? await holderAsked(token, call) : await holderTold(token, call)
  if (holder !== null) return holder
  const cause = new Error('the access token that was answered does not tell whose it is')
  throw new OAuthError('temporarily_unavailable', 'upstream_user_unknown', { retryAfter: RETRY_AFTER, cause })
}

async function holderAsked(token: unknown, call: Call): Promise<JwtHolder | null> {
  if (!isOpaqueToken(token)) return null
  const answer = await askUpstream({ kind: 'info', bearer: new Secret(token) }, call)
  return answer.kind === 'refused' ? null : holderOfInfo(answer.content)
}

/** Whose token this was answered about; null: no user's. The `sub` of users of Spree is their id there, as the import has it. */
export function holderOfInfo(content: Readonly<Record<string, unknown>>): JwtHolder | null {
  const { resource_owner_id: id, resource_owner_type: type } = content
  // A shop may have other kinds of owners, which have ids of their own.
  if (typeof type === 'string' && !USER_TYPES.includes(type)) return null
  const isNumber = typeof id === 'number' && Number.isSafeInteger(id)
  const subject = isNumber ? String(id) : id
  return typeof subject === 'string' && isStorable(subject) ? { subject, roles: [], claims: {} } : null
}

/** PostgreSQL can't even be asked for a NUL, and half a surrogate pair has no UTF-8 form. */
export function isStorable(id: string): boolean {
  return id !== '' && id.isWellFormed() && !id.includes('\0')
}

const USER_TYPES: readonly string[] = ['Spree::User', 'Spree::LegacyUser']

/**
 * The claims of a JWT. Whoever sent it was reached under the URL that was configured, and has decided about the password:
 * a signature proves no more, but where there are keys of that issuer here, it has to be by one of them.
 */
async function holderTold(token: unknown, call: Call): Promise<JwtHolder | null> {
  const claims = typeof token === 'string' ? await claimsOf(token, call) : null
  const holder = claims === null ? null : (call.policy.jwt.holder?.(claims) ?? null)
  return holder !== null && isStorable(holder.subject) ? holder : null
}

async function claimsOf(token: string, call: Call): Promise<JwtClaims | null> {
  const { keys, store } = call.services
  const tenant = call.tenant.id
  const verified = await keys.verify(tenant, token)
  if (verified !== null) return verified.claims
  const parts = token.length > MAX_JWT_LENGTH ? null : splitCompactJws(token)
  const claims = parts === null ? null : decodeUnique(parts.payload)
  if (claims === null) return null
  const imported = (await store.listSigningKeys(tenant)).filter(
    (key) => key.imported !== undefined && key.state !== 'withdrawn',
  )
  const isOfKnown = imported.some((key) => (key.imported?.issuer ?? call.policy.issuer) === claims.iss)
  return isOfKnown ? null : claims
}

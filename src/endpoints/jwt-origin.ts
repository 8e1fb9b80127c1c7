import type { VerifiedJwt } from '../crypto/jws.ts'
import type { JwtClaims } from '../protocol/jwt.ts'
import type { SurfacePolicy, Tenant } from '../protocol/policy.ts'
import type { EpochSeconds } from '../protocol/time.ts'

/** Where a JWT comes from. */
export interface JwtOrigin {
  /** The surface it is of. */
  readonly policy: SurfacePolicy
  readonly issuer: string
  readonly audience: string
}

/**
 * The surface whose JWT this is; null: it is none of the tenant's. Issuer and profile must be the surface's own, or of a
 * key that was imported, what its terms say.
 */
export function originOfJwt(
  { claims, imported }: VerifiedJwt,
  tenant: Tenant,
  now: EpochSeconds,
): JwtOrigin | null {
  for (const policy of tenant.surfaces.values()) {
    if (policy.accessToken === 'opaque') continue
    // The newstore profile names no client; the standard ones always do.
    if ((policy.client === 'ignored') === (typeof claims.client_id === 'string')) continue
    const issuer = imported?.issuer ?? policy.issuer
    if (claims.iss !== issuer) continue
    const audience = imported?.audience ?? policy.audience
    if (imported !== undefined && !isForUs(claims, audience, now)) continue
    return { policy, issuer, audience }
  }
  return null
}

/**
 * RFC 7519 §4.1.3 and §4.1.5, RFC 7800 §3.1. What we have signed is right in all; another system has signed with the
 * same key what is no access token, or one for somebody else, or for whoever proves what we can not tell of.
 */
function isForUs({ aud, nbf, cnf }: JwtClaims, audience: string, now: EpochSeconds): boolean {
  const isMeant = aud === audience || (Array.isArray(aud) && aud.includes(audience))
  const isDue = nbf === undefined || (typeof nbf === 'number' && nbf <= now)
  return isMeant && isDue && (cnf === undefined || boundTo(cnf) !== null)
}

/** The key that a JWT is bound to, by its `cnf` as our tokens have it (RFC 9449 §6.1); null: none that we know. */
export function boundTo(confirmation: unknown): string | null {
  if (typeof confirmation !== 'object' || confirmation === null || !('jkt' in confirmation)) return null
  return typeof confirmation.jkt === 'string' ? confirmation.jkt : null
}

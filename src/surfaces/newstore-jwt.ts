import {
  type AccessTokenSubject,
  customClaims,
  type JwtClaims,
  type JwtHolder,
  type JwtProfile,
} from '../protocol/jwt.ts'
import type { RefreshPolicy } from '../protocol/policy.ts'

export interface NewstoreClaims {
  /** The `azp` of all tokens: this surface knows no clients, and NewStore's tokens all name the same one. */
  readonly azp: string
  /** Whether `http://newstore/tenant` is in the token: newer tokens of NewStore have it, the document's does not. */
  readonly tenantClaim: boolean
  /** `keep` gives the document's token. Under the others a reused refresh token ends JWTs too: then they have a `jti`. */
  readonly refresh: RefreshPolicy
}

/** NewStore's own claims; no user's claim can replace them. */
const NAMESPACE = 'http://newstore/'

/** The JWT of the document's example: these claims in this order, and none of RFC 7519 beside them. */
export function newstoreJwt({ azp, tenantClaim, refresh }: NewstoreClaims): JwtProfile {
  const namesRow = refresh !== 'keep'
  return {
    typ: 'JWT',
    namesRow,
    claims: (token) => ({
      [`${NAMESPACE}newstore_id`]: newstoreId(token),
      [`${NAMESPACE}roles`]: token.roles,
      ...(tenantClaim && { [`${NAMESPACE}tenant`]: token.tenant }),
      iss: token.issuer,
      sub: token.subject,
      aud: token.audience,
      iat: token.issuedAt,
      exp: token.expiresAt,
      azp,
      scope: token.scope.join(' '),
      gty: 'password',
      ...(namesRow && { jti: token.jwtId }),
      ...configuredClaims(token),
    }),
    holder: newstoreHolder,
  }
}

/** What a user has to be given here so that the token of a login says the same. */
function newstoreHolder(claims: JwtClaims): JwtHolder | null {
  const { sub: subject } = claims
  if (typeof subject !== 'string' || subject === '') return null
  const roles = claims[`${NAMESPACE}roles`]
  const id = claims[`${NAMESPACE}newstore_id`]
  return {
    subject,
    roles: Array.isArray(roles) ? roles.filter((role) => typeof role === 'string') : [],
    claims: {
      ...ownClaims(claims),
      // Without one it is the subject, as here.
      ...(typeof id === 'string' && id !== subject && { newstore_id: id }),
    },
  }
}

function newstoreId({ claims, subject }: AccessTokenSubject): string {
  return typeof claims.newstore_id === 'string' ? claims.newstore_id : subject
}

/** What else an operator gave the user. */
function configuredClaims({ claims }: AccessTokenSubject): Record<string, unknown> {
  return ownClaims(claims)
}

function ownClaims(claims: JwtClaims): Record<string, unknown> {
  const entries = Object.entries(customClaims(claims))
  return Object.fromEntries(entries.filter(([name]) => name !== 'newstore_id' && !name.startsWith(NAMESPACE)))
}

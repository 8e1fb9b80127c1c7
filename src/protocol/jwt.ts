import type { Scope } from './scope.ts'
import type { EpochSeconds } from './time.ts'
import type { GrantType } from './token.ts'

/** JWS algorithms an access token may be signed with (RFC 7518 §3.1, RFC 8037 §3.1). */
export type SigningAlgorithm = 'RS256' | 'ES256' | 'EdDSA'

export const SIGNING_ALGORITHMS: readonly SigningAlgorithm[] = ['RS256', 'ES256', 'EdDSA']

/**
 * What the tokens say that a key of another system signed. Such a key only verifies; null: what those of the tenant's
 * own surface say.
 */
export interface ImportedKeyTerms {
  /** The `iss`. */
  readonly issuer: string | null
  /** The `aud`, or one of them: what else that system signed, such as ID tokens, is meant for others. */
  readonly audience: string | null
}

export type JwtClaims = Readonly<Record<string, unknown>>

/** Everything a surface may put into a JWT access token. */
export interface AccessTokenSubject {
  readonly tenant: string
  readonly issuer: string
  readonly audience: string
  readonly issuedAt: EpochSeconds
  readonly expiresAt: EpochSeconds
  readonly jwtId: string
  /** Thumbprint of the key that the token is bound to (RFC 9449 §6.1); null: to none. */
  readonly jkt: string | null
  readonly grantType: GrantType
  readonly scope: Scope
  /** The user's, or for a client's own token the client's identifier. */
  readonly subject: string
  /** Null where the surface knows no clients. */
  readonly clientId: string | null
  readonly roles: readonly string[]
  /** Claims of the user or client, as configured. */
  readonly claims: Readonly<Record<string, unknown>>
}

/** A surface's JWT profile: the `typ` of the header and the claims, in the order they are written. */
export interface JwtProfile {
  readonly typ: string
  /** Whether a token has a `jti`, which names the row of the refresh token it was issued with. */
  readonly namesRow: boolean
  readonly claims: (subject: AccessTokenSubject) => JwtClaims
  /** The way back: whose token says this; null: it does not say so. Absent: nobody asks. */
  readonly holder?: (claims: JwtClaims) => JwtHolder | null
}

/** Whom a JWT is about, as far as it tells. */
export interface JwtHolder {
  readonly subject: string
  readonly roles: readonly string[]
  /** Such as a user can be given. */
  readonly claims: Readonly<Record<string, unknown>>
}

/** Claims a user's or client's own claims can never replace. */
const RESERVED: ReadonlySet<string> = new Set([
  'iss',
  'sub',
  'aud',
  'exp',
  'nbf',
  'iat',
  'jti',
  'azp',
  'client_id',
  'scope',
  'roles',
  'act',
  'cnf',
  'gty',
  'active',
  'username',
  'token_type',
])

/** Whether a token can only be a JWT: the header of one is a JSON object. */
export function looksLikeJwt(token: string): boolean {
  return token.startsWith('ey') && token.includes('.')
}

/** Whether a claim is the server's own, so that no user or client can be given it. */
export function isReservedClaim(name: string): boolean {
  return RESERVED.has(name)
}

/** The configured claims without those that would replace a claim of the server's own. */
export function customClaims(claims: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(claims).filter(([name]) => !RESERVED.has(name)))
}

/** RFC 9068 §2, RFC 9449 §6.1: the standard profile of JWT access tokens. */
export const AT_JWT: JwtProfile = {
  typ: 'at+jwt',
  namesRow: true,
  claims: (token) => ({
    iss: token.issuer,
    sub: token.subject,
    aud: token.audience,
    client_id: token.clientId,
    iat: token.issuedAt,
    exp: token.expiresAt,
    jti: token.jwtId,
    ...(token.jkt !== null && { cnf: { jkt: token.jkt } }),
    ...(token.scope.length > 0 && { scope: token.scope.join(' ') }),
    ...(token.roles.length > 0 && { roles: token.roles }),
    ...customClaims(token.claims),
  }),
}

import type { ClientJwks } from '../protocol/client-jwks.ts'
import type { ImportedKeyTerms, SigningAlgorithm } from '../protocol/jwt.ts'
import type { SurfaceName, TenantDefinition } from '../protocol/policy.ts'
import type { Scope } from '../protocol/scope.ts'
import type { EpochSeconds, Seconds } from '../protocol/time.ts'
import type { GrantType } from '../protocol/token.ts'

/** The row's key, which the token itself carries as its selector. Below 2^53, ever growing on one node. */
export type TokenKey = number

/** Raw SHA-256 digest, 32 bytes. */
export type Sha256 = Uint8Array

/** Claims an operator gave a user or client; JSON values. */
export type Claims = Readonly<Record<string, unknown>>

/** A tenant as it was configured. */
export type TenantRow = TenantDefinition

/** The client by which an integration gets its tokens instead of logging in as a user. */
export interface UserSuccessor {
  readonly client: string
  /** When it was said so. */
  readonly since: EpochSeconds
}

export interface UserRow {
  readonly tenant: string
  /** The `sub` of the user's tokens; never given to another user of the tenant again. */
  readonly id: string
  readonly username: string
  readonly email: string | null
  /** PHC string, `$2…` bcrypt or `authlogic_sha512:…`; null: may not log in with a password. */
  readonly passwordHash: string | null
  readonly roles: readonly string[]
  /** The only scopes the user may get; null: no restriction of its own. */
  readonly scopes: Scope | null
  readonly claims: Claims
  readonly disabled: boolean
  /** Tokens issued earlier are dead. As it is read, no earlier than the end of all tokens of the tenant. */
  readonly tokensValidAfter: EpochSeconds
  readonly createdAt: EpochSeconds
  /** Absent: none. The client may have been deleted since. */
  readonly successor?: UserSuccessor
  /** Counts changes; an update names the version it read. */
  readonly version: number
}

export interface ClientSecretRow {
  readonly id: string
  readonly name: string | null
  /** `sha256:<base64url>` of a secret Mintkeeper made or of 256 random bits; `$2…` bcrypt or PHC for others. */
  readonly hash: string
  readonly createdAt: EpochSeconds
  readonly expiresAt: EpochSeconds | null
  /** Still works, and each use of it is told: somebody means to remove it. Absent: no. */
  readonly muted?: boolean
}

export interface ClientRow {
  readonly tenant: string
  /** The `client_id`. */
  readonly id: string
  readonly name: string | null
  /** A public client has neither secrets nor keys (RFC 6749 §2.1). */
  readonly public: boolean
  readonly secrets: readonly ClientSecretRow[]
  /** Public keys, by which it authenticates instead of a secret; null: none. */
  readonly jwks: ClientJwks | null
  readonly grants: readonly GrantType[]
  /** The scopes the client may get. Empty: none. */
  readonly scopes: Scope
  readonly roles: readonly string[]
  readonly claims: Claims
  /** Format of its access tokens where the surface leaves the choice. */
  readonly accessToken: 'jwt' | 'opaque'
  /** Life of its access tokens; null: the surface's. */
  readonly expiresIn: Seconds | null
  /** `any`: a resource server, may introspect every token of the tenant. */
  readonly introspect: 'own' | 'any'
  /** Whether it gets no token but those that are bound to a key (RFC 9449 §5.2). */
  readonly dpopBoundAccessTokens: boolean
  readonly disabled: boolean
  /** As that of a user. */
  readonly tokensValidAfter: EpochSeconds
  readonly createdAt: EpochSeconds
  readonly version: number
}

/**
 * One issue: the access token and the refresh token that were answered together. Either may be absent (a JWT is
 * not stored; client credentials have no refresh token). Only hashes are kept.
 */
export interface TokenRow {
  readonly key: TokenKey
  readonly tenant: string
  readonly surface: SurfaceName
  readonly clientId: string | null
  readonly userId: string | null
  readonly grantType: GrantType
  /** Scope of the grant, which a refresh can not exceed. */
  readonly scope: Scope
  /** Scope of the access token, at most `scope`. */
  readonly accessScope: Scope
  readonly issuedAt: EpochSeconds
  /** SHA-256 of the opaque access token; null for a JWT. */
  readonly accessHash: Sha256 | null
  /** Null: never expires (imported rows only). */
  readonly accessExpiresAt: EpochSeconds | null
  /** SHA-256 of the refresh token; null: none was issued. */
  readonly refreshHash: Sha256 | null
  /** When the refresh token expires by itself; null: never. See `refreshEnd`. */
  readonly refreshExpiresAt: EpochSeconds | null
  /** When the whole family ends, whatever its use; null: never. */
  readonly familyExpiresAt: EpochSeconds | null
  /** Key of the family's first row; null for the first row itself. */
  readonly family: TokenKey | null
  /** The row this one was refreshed from. */
  readonly parent: TokenKey | null
  /** Key of the row that followed, and when; set once. */
  readonly successor: TokenKey | null
  readonly spentAt: EpochSeconds | null
  /** When the successor's access token was first seen; this row's access token is dead from then on. */
  readonly supersededAt: EpochSeconds | null
  /** When this row's access token was first seen; kept only for successors under `rotate-on-first-use`. */
  readonly seenAt: EpochSeconds | null
  readonly revokedAt: EpochSeconds | null
  /**
   * Thumbprint of the key that the tokens are bound to (RFC 9449 §6.1, `jkt`); null: whoever has them can use them. A
   * refresh token of a confidential client is bound by the client's own authentication instead.
   */
  readonly jkt: string | null
}

/** A withdrawn key is kept for good, so that it never comes back. */
export type SigningKeyState = 'announced' | 'active' | 'retired' | 'withdrawn'

export interface SigningKeyRow {
  readonly tenant: string
  readonly kid: string
  readonly algorithm: SigningAlgorithm
  readonly state: SigningKeyState
  /** JSON of the public JWK with `kid`, `alg`, `use`. */
  readonly publicJwk: string
  /** PKCS #8 DER, sealed with the master key; null for a key that only verifies. */
  readonly sealedPrivateKey: Uint8Array | null
  readonly createdAt: EpochSeconds
  readonly retiredAt: EpochSeconds | null
  /** When the last token it signed has expired: the key goes then. When it was withdrawn. Null while in use. */
  readonly goneAt: EpochSeconds | null
  /** Absent: Mintkeeper's own key. */
  readonly imported?: ImportedKeyTerms
}

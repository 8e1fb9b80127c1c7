import type { Scope } from './scope.ts'
import type { Secret } from './secret.ts'
import type { EpochSeconds, Seconds } from './time.ts'
import type { PresentedClient } from './token.ts'

/** An introspection request (RFC 7662 §2.1). */
export interface IntrospectionRequest {
  readonly client: PresentedClient
  /** A bearer token in the client's place, where the surface takes one. */
  readonly bearer: Secret | null
  readonly token: string
}

/** What introspection found (RFC 7662 §2.2). An inactive token has no other member, whatever the reason. */
export type Introspection = { readonly active: false } | ActiveToken

export interface ActiveToken {
  readonly active: true
  readonly kind: 'access' | 'refresh'
  readonly scope: Scope
  /** The client the token was issued to; null if none took part. */
  readonly clientId: string | null
  /** The user's name; null for a client's own token. */
  readonly username: string | null
  /** The user's or, for a client's own token, the client's identifier. */
  readonly subject: string
  readonly issuer: string
  readonly audience: string | null
  readonly issuedAt: EpochSeconds
  /** Null for a token that does not expire. */
  readonly expiresAt: EpochSeconds | null
  /** When the access token expires; for a refresh token the one it was issued with. */
  readonly accessExpiresAt: EpochSeconds | null
  readonly jwtId: string | null
  /** Thumbprint of the key that the access token is bound to (RFC 9449 §6.2); null: to none. */
  readonly jkt: string | null
  readonly roles: readonly string[]
  /** The claims of the user or client, as configured. */
  readonly claims: Readonly<Record<string, unknown>>
}

export const INACTIVE: Introspection = { active: false }

/** What a token says about itself when shown as a bearer (Doorkeeper's `token/info`). */
export interface TokenInfo {
  readonly userId: string | null
  readonly clientId: string | null
  readonly scope: Scope
  readonly expiresIn: Seconds | null
  readonly issuedAt: EpochSeconds
}

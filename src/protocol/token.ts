import type { ClientEndpoint } from './endpoint.ts'
import type { Parameters } from './parameters.ts'
import type { Scope } from './scope.ts'
import type { Secret } from './secret.ts'
import type { EpochSeconds, Seconds } from './time.ts'

/** The grant types Mintkeeper implements (RFC 6749 §4.3, §4.4, §6). */
export type GrantType = 'password' | 'client_credentials' | 'refresh_token'

export const GRANT_TYPES: readonly GrantType[] = ['password', 'client_credentials', 'refresh_token']

/** Which client a request says it comes from, and how it proves it (RFC 6749 §2.3). Nothing is verified yet. */
export type PresentedClient =
  /** The request names no client. */
  | { readonly method: 'absent' }
  /** Only a `client_id`: a public client (RFC 7591 §2, `none`). */
  | { readonly method: 'none'; readonly clientId: string }
  | {
      readonly method: 'client_secret_basic' | 'client_secret_post'
      readonly clientId: string
      readonly clientSecret: Secret
    }
  | PresentedAssertion

/** A JWT that the client says it has signed (RFC 7521 §4.2). */
export interface PresentedAssertion {
  readonly method: 'private_key_jwt'
  /** Null: only the assertion says which client it is. */
  readonly clientId: string | null
  readonly assertion: Secret
  /** Where it was sent to. */
  readonly endpoint: ClientEndpoint
}

export const NO_CLIENT: PresentedClient = { method: 'absent' }

/** A token request (RFC 6749 §3.2) as a surface decoded it. */
export interface TokenRequest {
  readonly grantType: string
  readonly client: PresentedClient
  /** The header `DPoP` (RFC 9449 §5), where the surface knows it. */
  readonly dpopProof?: Secret | null
  /** The grant's own parameters. */
  readonly parameters: Parameters
  /** The requested scope as it was sent, or null if none was. */
  readonly scope: string | null
  /** Echoed with some errors by surfaces that do so. */
  readonly state: string | null
}

/** What every successful token answer says (RFC 6749 §5.1), before a surface gives it its form. */
export interface TokenResponse {
  readonly accessToken: string
  /** Whether it is bound to a key: `DPoP` (RFC 9449 §5). */
  readonly tokenType: 'Bearer' | 'DPoP'
  /** Seconds the access token has left. */
  readonly expiresIn: Seconds
  readonly refreshToken: string | null
  /** The granted scope. */
  readonly scope: Scope
  readonly issuedAt: EpochSeconds
}

/** A revocation request (RFC 7009 §2.1). The hint is not needed: a token tells its own kind. */
export interface RevocationRequest {
  readonly client: PresentedClient
  /** Null if the request names no token. */
  readonly token: string | null
}

/** What became of a revocation; surfaces differ in what they tell. */
export type RevocationOutcome = 'revoked' | 'unknown_token' | 'token_of_another_client'

import type { BrownOut, Ending } from './ending.ts'
import type { ClientEndpoint } from './endpoint.ts'
import type { Headers } from './http.ts'
import type { JwtProfile, SigningAlgorithm } from './jwt.ts'
import type { EpochSeconds, Seconds } from './time.ts'
import type { GrantType } from './token.ts'

export type SurfaceName = 'newstore' | 'spree' | 'standard' | 'realm'

export const SURFACE_NAMES: readonly SurfaceName[] = ['newstore', 'spree', 'standard', 'realm']

/** Those whose clients have to move to the others some day. */
export const LEGACY_SURFACES = ['newstore', 'spree'] as const satisfies readonly SurfaceName[]

export type LegacySurface = (typeof LEGACY_SURFACES)[number]

/** Scopes that only users with a role get, by surface: scope → role. */
export const ROLES_OF_SCOPES: Readonly<Record<SurfaceName, Readonly<Record<string, string>>>> = {
  newstore: {},
  spree: { admin: 'admin' },
  standard: {},
  realm: {},
}

/** What a refresh does to the refresh token it was asked with; see docs/guide/refresh.md. */
export type RefreshPolicy = 'keep' | 'rotate' | 'rotate-on-first-use'

export const REFRESH_POLICIES: readonly RefreshPolicy[] = ['keep', 'rotate', 'rotate-on-first-use']

/** What an operator may set for a surface of a tenant. What is absent has the surface's default. */
export interface SurfaceSettings {
  readonly expiresIn?: Seconds
  readonly refreshExpiresIn?: Seconds | null
  readonly refreshIdleExpiresIn?: Seconds | null
  readonly refresh?: RefreshPolicy
  readonly reuseWindow?: Seconds
  readonly scopes?: readonly string[]
  readonly requiredRoles?: readonly string[]
  readonly audience?: string
  /** standard, realm */
  readonly passwordGrant?: boolean
  /** spree */
  readonly clientCredentialsRefreshToken?: boolean
  /** newstore: the `azp` claim. */
  readonly azp?: string
  /** newstore: whether `http://newstore/tenant` is in the token. */
  readonly tenantClaim?: boolean
  /** spree: the day since which the surface is deprecated, as the first second of that day in UTC. */
  readonly deprecated?: EpochSeconds
  /** newstore, spree: the day from which on the surface issues no tokens, as `deprecated`. */
  readonly sunset?: EpochSeconds
  /** newstore, spree: a page about the sunset, for `Link: rel="sunset"`. */
  readonly sunsetPolicy?: string
  /** newstore, spree: the page `Link: rel="deprecation"` names. */
  readonly migrationGuide?: string
  /** newstore, spree: when the surface issues no tokens. */
  readonly brownOuts?: readonly BrownOut[]
  /** newstore, spree: the server that is asked for users and tokens who are not here; absent: nobody is. */
  readonly upstream?: UpstreamSettings
  /** realm: the issuer; by default the origin of the tenant's issuer + `/auth/realms/{tenant}`. */
  readonly issuer?: string
}

/** The server that a legacy surface is moved from. What is absent has a default. */
export interface UpstreamSettings {
  /** What stands before the surface's own paths: no query, no fragment, no slash at its end. */
  readonly url: string
  /** Whether it is asked for users who are not here. */
  readonly users?: boolean
  /** Whether it is asked for tokens that are not here. */
  readonly tokens?: boolean
  /** For one whole answer. */
  readonly timeoutSeconds?: Seconds
  /** Requests that wait for its answers at a time; as many more wait for their turn. */
  readonly concurrency?: number
  /** So often in a row nobody was there, and it is not asked for a while. */
  readonly failures?: number
  /** For so long. Then one request tries whether it is back. */
  readonly pauseSeconds?: Seconds
}

export type UpstreamPolicy = Required<UpstreamSettings>

/** Everything that makes one surface of one tenant behave as it does. Data: the code has no other switches. */
export interface SurfacePolicy {
  readonly surface: SurfaceName
  readonly issuer: string
  readonly audience: string
  readonly grants: readonly GrantType[]
  /** Life of an access token. */
  readonly expiresIn: Seconds
  /** A refreshed access token lives as long as the one it follows did, whatever `expiresIn` says today. */
  readonly inheritExpiresIn: boolean
  /** Longest life of a refresh token family, from its login; null: no end. */
  readonly refreshExpiresIn: Seconds | null
  /** Longest time between two uses of a refresh token family; null: no end. */
  readonly refreshIdleExpiresIn: Seconds | null
  readonly refresh: RefreshPolicy
  /** How long a replayed refresh token is answered with its successor. 0: strictly single-use. */
  readonly reuseWindow: Seconds
  /** newstore knows no clients, spree needs none, the others always do. */
  readonly client: 'ignored' | 'optional' | 'required'
  /** The URLs of the endpoints, where a client may authenticate by an assertion that names one; null: it may not. */
  readonly endpoints: Readonly<Record<ClientEndpoint, string>> | null
  /** Of the token endpoint, which a DPoP proof must name one of (RFC 9449 §4.3, `htu`); absent: it takes no proofs. */
  readonly proofUrls?: ReadonlySet<string>
  /** Doorkeeper looks at the grant's own credential, such as the refresh token, before it authenticates the client. */
  readonly credentialBeforeClient: boolean
  /** `per-client`: as the client's `accessToken` says. */
  readonly accessToken: 'jwt' | 'opaque' | 'per-client'
  readonly jwt: JwtProfile
  /** Null: the tenant's algorithm. */
  readonly signingAlgorithm: SigningAlgorithm | null
  /** Characters of an opaque token. */
  readonly tokenLength: number
  /** The scopes this surface knows; null: whatever the client has. */
  readonly scopes: readonly string[] | null
  /** What no `scope` parameter means: no scope, or all that client and user have. */
  readonly unrequestedScope: 'none' | 'all'
  /** Scopes that only users with a role get: scope → role. */
  readonly roleOfScope: Readonly<Record<string, string>>
  /** Users need one of these roles to log in here; empty: everybody may. */
  readonly requiredRoles: readonly string[]
  /** The scope without which no refresh token is issued (newstore: `offline_access`); null: none is needed. */
  readonly refreshTokenScope: string | null
  /** Whether client credentials get a refresh token (RFC 6749 §4.4.3: SHOULD NOT; Spree's document requires it). */
  readonly clientCredentialsRefreshToken: boolean
  /** Whether tokens that were issued to no client may be introspected by every client. */
  readonly introspectClientless: boolean
  /** Headers of every answer of the surface, as far as they are the same for all; made once, with the policy. */
  readonly headers?: Headers
  /** When it issues no tokens; absent or null: there is no such time. */
  readonly ending?: Ending | null
  /** Absent or null: there is no other server to ask. */
  readonly upstream?: UpstreamPolicy | null
}

/** A tenant as it was configured. */
export interface TenantDefinition {
  readonly id: string
  /** Lower case, without port. */
  readonly hosts: readonly string[]
  readonly issuer: string
  readonly signingAlgorithm: SigningAlgorithm
  /** Null: every surface is on with its defaults. */
  readonly surfaces: Readonly<Partial<Record<SurfaceName, SurfaceSettings>>> | null
  /** Absent or null: as many as the machine can answer. */
  readonly requestsPerSecond?: number | null
  /** The same for each client that has authenticated. */
  readonly clientRequestsPerSecond?: number | null
}

/** A tenant as requests see it: settings resolved, ready to use. */
export interface Tenant {
  readonly id: string
  readonly issuer: string
  readonly signingAlgorithm: SigningAlgorithm
  /** Only the surfaces that are on. */
  readonly surfaces: ReadonlyMap<SurfaceName, SurfacePolicy>
  /** How many requests are answered; null: as many as there are. */
  readonly requestsPerSecond: number | null
  /** The same for each client that has authenticated. */
  readonly clientRequestsPerSecond: number | null
}

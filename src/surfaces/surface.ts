/**
 * A surface is a wire format: the paths it answers on, how it reads requests, how it writes answers and errors, and
 * the policy data that makes the core behave as its document says. Surfaces are pure: values in, values out. They
 * know neither grants nor the store; with those they share only `TokenRequest` and the other values of `protocol/`.
 */

import type { OAuthError } from '../protocol/errors.ts'
import type { Headers, HttpResponse } from '../protocol/http.ts'
import type { Introspection, IntrospectionRequest, TokenInfo } from '../protocol/introspection.ts'
import type { RefreshPolicy, SurfaceName, SurfacePolicy, SurfaceSettings } from '../protocol/policy.ts'
import type { Secret } from '../protocol/secret.ts'
import type { Seconds } from '../protocol/time.ts'
import type { RevocationOutcome, RevocationRequest, TokenRequest, TokenResponse } from '../protocol/token.ts'
import type { UpstreamCodec } from './upstream.ts'

/** A request whose path, tenant and query string were found good. */
export interface SurfaceRequest {
  readonly headers: { get(name: string): string | null }
  /** The whole body; empty for GET. */
  readonly body: string
}

/** What an answer may depend on beside its content. */
export interface SurfaceContext {
  readonly requestId: string
  readonly tenant: string
  readonly policy: SurfacePolicy
}

/** What an error answer may depend on; much may have been unknown when the request failed. */
export interface ErrorContext {
  readonly requestId: string
  /** Null: no tenant was found. */
  readonly policy: SurfacePolicy | null
  /** Null: the path is not known. */
  readonly endpoint: Route['endpoint'] | null
  readonly accept: string | null
}

interface RouteBase {
  /** Exact paths; `{tenant}` stands for one segment. The first one is the canonical one. */
  readonly paths: readonly string[]
  readonly method: 'GET' | 'POST'
}

export interface TokenRoute extends RouteBase {
  readonly endpoint: 'token'
  /** Throws `OAuthError` and nothing else. */
  readonly decode: (request: SurfaceRequest) => TokenRequest
  readonly encode: (response: TokenResponse, context: SurfaceContext) => HttpResponse
}

export interface RevocationRoute extends RouteBase {
  readonly endpoint: 'revocation'
  readonly decode: (request: SurfaceRequest) => RevocationRequest
  readonly encode: (outcome: RevocationOutcome, context: SurfaceContext) => HttpResponse
}

export interface IntrospectionRoute extends RouteBase {
  readonly endpoint: 'introspection'
  readonly decode: (request: SurfaceRequest) => IntrospectionRequest
  readonly encode: (introspection: Introspection, context: SurfaceContext) => HttpResponse
}

export interface TokenInfoRoute extends RouteBase {
  readonly endpoint: 'info'
  /** The bearer token shown, or null. */
  readonly decode: (request: SurfaceRequest) => Secret | null
  readonly encode: (info: TokenInfo, context: SurfaceContext) => HttpResponse
}

export interface MetadataRoute extends RouteBase {
  readonly endpoint: 'metadata'
  readonly encode: (context: SurfaceContext) => HttpResponse
}

export interface JwksRoute extends RouteBase {
  readonly endpoint: 'jwks'
  /** `jwks` is the JSON text of the JWK Set. */
  readonly encode: (jwks: string) => HttpResponse
}

/** A route that a surface answers only for tenants that have it on. */
export type SurfaceRoute = TokenRoute | RevocationRoute | IntrospectionRoute | TokenInfoRoute | MetadataRoute

export type Route = SurfaceRoute | JwksRoute

export interface Surface {
  readonly name: SurfaceName
  /** Unknown paths below it are this surface's 404s. */
  readonly prefix: string
  readonly routes: readonly Route[]
  /** Largest body, in bytes of UTF-8. */
  readonly bodyLimit: number
  /** The policy of one tenant: the surface's defaults under the tenant's settings. */
  readonly policy: (settings: SurfaceSettings, tenant: TenantIdentity) => SurfacePolicy
  /** Headers of every answer, errors included. */
  readonly headers: (context: Pick<SurfaceContext, 'requestId'> & { policy: SurfacePolicy | null }) => Headers
  readonly encodeError: (error: OAuthError, context: ErrorContext) => HttpResponse
  /** How it asks the server it is moved from; absent: it is moved from none. */
  readonly upstream?: UpstreamCodec
}

export interface TenantIdentity {
  readonly id: string
  readonly issuer: string
  /** Which surfaces are on; absent or null: all. */
  readonly surfaces?: Readonly<Partial<Record<SurfaceName, unknown>>> | null
  /** Where it is reached; lower case, without port. */
  readonly hosts?: readonly string[]
}

export function isOn(surface: SurfaceName, { surfaces }: TenantIdentity): boolean {
  return surfaces == null || surfaces[surface] !== undefined
}

/** What a surface decides for itself; the rest follows from it. */
export type PolicyDefaults = Omit<SurfacePolicy, 'reuseWindow'>

/** A lost answer is asked for again within seconds; one that nobody has used yet may take a minute. */
const REUSE_WINDOWS: Readonly<Record<RefreshPolicy, Seconds>> = {
  keep: 10,
  rotate: 10,
  'rotate-on-first-use': 60,
}

/** Settings an operator gave, over the defaults of the surface. What only one surface knows is its own to read. */
export function withSettings(defaults: PolicyDefaults, settings: SurfaceSettings): SurfacePolicy {
  const {
    passwordGrant,
    azp,
    tenantClaim,
    deprecated,
    sunset,
    sunsetPolicy,
    migrationGuide,
    brownOuts,
    upstream,
    ...shared
  } = settings
  const given = Object.fromEntries(Object.entries(shared).filter(([, value]) => value !== undefined))
  const chosen: PolicyDefaults = { ...defaults, ...given }
  const addsPassword = passwordGrant === true && !chosen.grants.includes('password')
  return {
    ...chosen,
    reuseWindow: settings.reuseWindow ?? REUSE_WINDOWS[chosen.refresh],
    grants: addsPassword ? [...chosen.grants, 'password'] : chosen.grants,
  }
}

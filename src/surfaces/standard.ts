import { type HttpResponse, jsonResponse } from '../protocol/http.ts'
import { AT_JWT } from '../protocol/jwt.ts'
import { authorizationServerMetadata } from '../protocol/metadata.ts'
import type { SurfacePolicy } from '../protocol/policy.ts'
import {
  decodeIntrospectionRequest,
  decodeRevocationRequest,
  decodeTokenRequest,
} from './standard-requests.ts'
import {
  encodeIntrospection,
  encodeRevocation,
  encodeStandardError,
  encodeTokenResponse,
} from './standard-responses.ts'
import { type PolicyDefaults, type Route, type Surface, withSettings } from './surface.ts'

/** Clients may keep metadata and keys for this long; announced keys make a longer time harmless. */
const PUBLIC_DOCUMENT = { 'Cache-Control': 'public, max-age=300' }

/** Where the endpoints of a standard-shaped surface are; relative to `base`, without a slash at its end. */
export interface EndpointPaths {
  readonly token: string
  readonly revocation: string
  readonly introspection: string
  readonly jwks: string
}

const PATHS: EndpointPaths = {
  token: '/oauth/token',
  revocation: '/oauth/revoke',
  introspection: '/oauth/introspect',
  jwks: '/.well-known/jwks.json',
}

/** RFC 6749, 7009, 7662, 8414, 7517, 9068 as they stand. */
export const standard: Surface = {
  name: 'standard',
  prefix: '/oauth/',
  bodyLimit: 64 * 1024,
  routes: standardRoutes(
    PATHS,
    ['/.well-known/oauth-authorization-server', '/.well-known/openid-configuration'],
    originOf,
  ),
  policy: (settings, tenant) => withSettings(standardDefaults('standard', tenant.issuer), settings),
  headers: ({ requestId }) => ({ 'X-Request-Id': requestId }),
  encodeError: encodeStandardError,
}

/** The defaults that standard and realm share. */
export function standardDefaults(surface: 'standard' | 'realm', issuer: string): PolicyDefaults {
  return {
    surface,
    issuer,
    audience: issuer,
    grants: ['client_credentials', 'refresh_token'],
    expiresIn: 3600,
    inheritExpiresIn: false,
    refreshExpiresIn: 90 * 86400,
    refreshIdleExpiresIn: 30 * 86400,
    refresh: 'rotate',
    client: 'required',
    credentialBeforeClient: false,
    accessToken: 'per-client',
    jwt: AT_JWT,
    signingAlgorithm: null,
    tokenLength: 43,
    scopes: null,
    unrequestedScope: 'all',
    roleOfScope: {},
    requiredRoles: [],
    refreshTokenScope: null,
    clientCredentialsRefreshToken: false,
    introspectClientless: false,
  }
}

/** The five endpoints of a standard-shaped surface. */
export function standardRoutes(
  paths: EndpointPaths,
  metadataPaths: readonly string[],
  baseOf: (policy: SurfacePolicy) => string,
): readonly Route[] {
  return [
    {
      endpoint: 'token',
      method: 'POST',
      paths: [paths.token],
      decode: decodeTokenRequest,
      encode: encodeTokenResponse,
    },
    {
      endpoint: 'revocation',
      method: 'POST',
      paths: [paths.revocation],
      decode: decodeRevocationRequest,
      encode: encodeRevocation,
    },
    {
      endpoint: 'introspection',
      method: 'POST',
      paths: [paths.introspection],
      decode: decodeIntrospectionRequest,
      encode: encodeIntrospection,
    },
    {
      endpoint: 'metadata',
      method: 'GET',
      paths: metadataPaths,
      encode: ({ policy, tenant }) => encodeMetadata(policy, paths, baseOf(policy), tenant),
    },
    { endpoint: 'jwks', method: 'GET', paths: [paths.jwks], encode: encodeJwks },
  ]
}

function encodeMetadata(
  policy: SurfacePolicy,
  paths: EndpointPaths,
  base: string,
  tenant: string,
): HttpResponse {
  const at = (path: string) => base + path.replace('{tenant}', tenant)
  const metadata = authorizationServerMetadata({
    issuer: policy.issuer,
    tokenEndpoint: at(paths.token),
    revocationEndpoint: at(paths.revocation),
    introspectionEndpoint: at(paths.introspection),
    jwksUri: at(paths.jwks),
    grants: policy.grants,
    scopes: policy.scopes,
  })
  return jsonResponse(200, metadata, PUBLIC_DOCUMENT)
}

function encodeJwks(jwks: string): HttpResponse {
  return {
    status: 200,
    headers: { 'Content-Type': 'application/jwk-set+json', ...PUBLIC_DOCUMENT },
    body: jwks,
  }
}

export function originOf(policy: Pick<SurfacePolicy, 'issuer'>): string {
  return new URL(policy.issuer).origin
}

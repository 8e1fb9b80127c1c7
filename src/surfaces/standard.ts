import { type HttpResponse, jsonResponse } from '../protocol/http.ts'
import { AT_JWT } from '../protocol/jwt.ts'
import { authorizationServerMetadata } from '../protocol/metadata.ts'
import { ROLES_OF_SCOPES, type SurfacePolicy } from '../protocol/policy.ts'
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
import {
  type PolicyDefaults,
  type Route,
  type Surface,
  type TenantIdentity,
  withSettings,
} from './surface.ts'

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
  routes: standardRoutes(PATHS, [
    '/.well-known/oauth-authorization-server',
    '/.well-known/openid-configuration',
  ]),
  policy: (settings, tenant) => withSettings(standardDefaults('standard', PATHS, tenant), settings),
  headers: ({ requestId }) => ({ 'X-Request-Id': requestId }),
  encodeError: encodeStandardError,
}

/** The defaults that standard and realm share; `issuer` is that of the surface. */
export function standardDefaults(
  surface: 'standard' | 'realm',
  paths: EndpointPaths,
  { id, issuer, hosts = [] }: TenantIdentity,
): PolicyDefaults {
  const endpoints = urlsOf(paths, issuer, id)
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
    endpoints,
    proofUrls: new Set([endpoints.token, ...hosts.map((host) => atHost(endpoints.token, host))]),
    credentialBeforeClient: false,
    accessToken: 'per-client',
    jwt: AT_JWT,
    signingAlgorithm: null,
    tokenLength: 43,
    scopes: null,
    unrequestedScope: 'all',
    roleOfScope: ROLES_OF_SCOPES[surface],
    requiredRoles: [],
    refreshTokenScope: null,
    clientCredentialsRefreshToken: false,
    introspectClientless: false,
  }
}

/** The five endpoints of a standard-shaped surface. */
export function standardRoutes(paths: EndpointPaths, metadataPaths: readonly string[]): readonly Route[] {
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
      encode: ({ policy, tenant }) => encodeMetadata(policy, paths, tenant),
    },
    { endpoint: 'jwks', method: 'GET', paths: [paths.jwks], encode: encodeJwks },
  ]
}

function encodeMetadata(policy: SurfacePolicy, paths: EndpointPaths, tenant: string): HttpResponse {
  const urls = urlsOf(paths, policy.issuer, tenant)
  const metadata = authorizationServerMetadata({
    issuer: policy.issuer,
    tokenEndpoint: urls.token,
    revocationEndpoint: urls.revocation,
    introspectionEndpoint: urls.introspection,
    jwksUri: urls.jwks,
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

/** The same URL at another host of the tenant: such as one that its clients moved away from. */
function atHost(url: string, host: string): string {
  const moved = new URL(url)
  moved.hostname = host
  return moved.href
}

/** Where the endpoints are: at the origin of the issuer, never at the `Host` of a request. */
function urlsOf(paths: EndpointPaths, issuer: string, tenant: string): EndpointPaths {
  const { origin } = new URL(issuer)
  const at = (path: string) => origin + path.replace('{tenant}', tenant)
  return {
    token: at(paths.token),
    revocation: at(paths.revocation),
    introspection: at(paths.introspection),
    jwks: at(paths.jwks),
  }
}

import type { ErrorCode, OAuthError } from '../protocol/errors.ts'
import { type Headers, type HttpResponse, jsonResponse, NO_STORE } from '../protocol/http.ts'
import type { Introspection } from '../protocol/introspection.ts'
import { customClaims } from '../protocol/jwt.ts'
import type { RevocationOutcome, TokenResponse } from '../protocol/token.ts'

/** RFC 6749 §5.1. `scope` is always there: a client never has to guess what it was granted. */
export function encodeTokenResponse(response: TokenResponse): HttpResponse {
  return jsonResponse(
    200,
    {
      access_token: response.accessToken,
      token_type: response.tokenType,
      expires_in: response.expiresIn,
      ...(response.refreshToken !== null && { refresh_token: response.refreshToken }),
      scope: response.scope.join(' '),
    },
    NO_STORE,
  )
}

/**
 * RFC 7009 §2.2: 200 whether the token was revoked, unknown, or somebody else's (and then left alone). Clients have to
 * ignore the body, but simple-oauth2 for one refuses an answer that is no JSON.
 */
export function encodeRevocation(_outcome: RevocationOutcome): HttpResponse {
  return jsonResponse(200, {}, NO_STORE)
}

/** RFC 7662 §2.2, RFC 9449 §6.2. */
export function encodeIntrospection(token: Introspection): HttpResponse {
  if (!token.active) return jsonResponse(200, { active: false }, NO_STORE)
  return jsonResponse(
    200,
    {
      active: true,
      scope: token.scope.join(' '),
      ...(token.clientId !== null && { client_id: token.clientId }),
      ...(token.username !== null && { username: token.username }),
      ...(token.kind === 'access' && { token_type: token.jkt === null ? 'Bearer' : 'DPoP' }),
      ...(token.expiresAt !== null && { exp: token.expiresAt }),
      iat: token.issuedAt,
      sub: token.subject,
      ...(token.audience !== null && { aud: token.audience }),
      iss: token.issuer,
      ...(token.jwtId !== null && { jti: token.jwtId }),
      ...(token.jkt !== null && { cnf: { jkt: token.jkt } }),
      ...(token.roles.length > 0 && { roles: token.roles }),
      ...customClaims(token.claims),
    },
    NO_STORE,
  )
}

const INVALID_TOKEN: WireError = {
  status: 401,
  error: 'invalid_token',
  description: 'The access token is invalid.',
}

interface WireError {
  readonly status: number
  readonly error: string
  readonly description: string
}

/** RFC 6749 §5.2, RFC 9449 §5; codes of HTTP's own come in the same shape. */
const ERRORS: Readonly<Record<ErrorCode, WireError>> = {
  invalid_request: { status: 400, error: 'invalid_request', description: 'The request is malformed.' },
  invalid_client: { status: 401, error: 'invalid_client', description: 'Client authentication failed.' },
  invalid_grant: {
    status: 400,
    error: 'invalid_grant',
    description: 'The provided authorization grant or refresh token is invalid, expired or revoked.',
  },
  unauthorized_client: {
    status: 400,
    error: 'unauthorized_client',
    description: 'The client is not authorized to use this grant type.',
  },
  unsupported_grant_type: {
    status: 400,
    error: 'unsupported_grant_type',
    description: 'The grant type is not supported.',
  },
  invalid_scope: { status: 400, error: 'invalid_scope', description: 'The requested scope is not allowed.' },
  invalid_dpop_proof: {
    status: 400,
    error: 'invalid_dpop_proof',
    description: 'The DPoP proof is missing, not valid, or was used before.',
  },
  invalid_token: INVALID_TOKEN,
  expired_token: INVALID_TOKEN,
  revoked_token: INVALID_TOKEN,
  credential_in_query: {
    status: 400,
    error: 'invalid_request',
    description: 'Credentials must not be sent in the query string.',
  },
  malformed_body: { status: 400, error: 'invalid_request', description: 'The request body is malformed.' },
  gone: { status: 410, error: 'gone', description: 'Tokens are no longer issued here.' },
  not_found: { status: 404, error: 'not_found', description: 'There is nothing here.' },
  method_not_allowed: {
    status: 405,
    error: 'method_not_allowed',
    description: 'The method is not allowed here.',
  },
  content_too_large: { status: 413, error: 'invalid_request', description: 'The request body is too large.' },
  too_many_requests: {
    status: 429,
    error: 'too_many_requests',
    description: 'More requests were sent than this server answers.',
  },
  temporarily_unavailable: {
    status: 503,
    error: 'temporarily_unavailable',
    description: 'The server is unable to handle the request for the moment.',
  },
  server_error: {
    status: 500,
    error: 'server_error',
    description: 'The server met an unexpected condition.',
  },
}

export function encodeStandardError(error: OAuthError): HttpResponse {
  const wire = ERRORS[error.code]
  const body = { error: wire.error, error_description: error.description ?? wire.description }
  return jsonResponse(wire.status, body, { ...NO_STORE, ...errorHeaders(error, wire) })
}

function errorHeaders(error: OAuthError, wire: WireError): Headers {
  return {
    ...(wire.status === 401 && { 'WWW-Authenticate': challenge(wire) }),
    ...(error.allow.length > 0 && { Allow: error.allow.join(', ') }),
    ...(error.retryAfter !== null && { 'Retry-After': String(error.retryAfter) }),
  }
}

/** RFC 9110 §15.5.2: a 401 names a way to authenticate; RFC 6750 §3 for a bearer token. */
function challenge(wire: WireError): string {
  return wire === INVALID_TOKEN
    ? `Bearer realm="oauth", error="${wire.error}"`
    : 'Basic realm="oauth", charset="UTF-8"'
}

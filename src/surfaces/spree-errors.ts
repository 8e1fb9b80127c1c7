import type { ErrorCode, OAuthError } from '../protocol/errors.ts'
import { type Headers, type HttpResponse, jsonResponse, NO_STORE } from '../protocol/http.ts'
import { SPREE_JSON } from './spree-responses.ts'
import type { ErrorContext } from './surface.ts'

/** Doorkeeper's own shape, that of Spree's guard of bearer tokens, or Rails' page for what never reached either. */
type WireError = DoorkeeperError | SpreeError | RailsError

interface DoorkeeperError {
  readonly from: 'doorkeeper'
  readonly status: number
  readonly error: string
  readonly text: string
}

interface SpreeError {
  readonly from: 'spree'
  readonly status: number
  readonly text: string
}

interface RailsError {
  readonly from: 'rails'
  readonly status: number
  readonly text: string
}

const ERRORS: Readonly<Record<ErrorCode, WireError>> = {
  invalid_request: doorkeeper(
    400,
    'invalid_request',
    'The request is missing a required parameter, includes an unsupported parameter value, or is otherwise malformed.',
  ),
  invalid_client: doorkeeper(
    401,
    'invalid_client',
    'Client authentication failed due to unknown client, no client authentication included, or unsupported authentication method.',
  ),
  invalid_grant: doorkeeper(
    400,
    'invalid_grant',
    'The provided authorization grant is invalid, expired, revoked, does not match the redirection URI used in the authorization request, or was issued to another client.',
  ),
  unauthorized_client: doorkeeper(
    401,
    'unauthorized_client',
    'The client is not authorized to perform this request using this method.',
  ),
  unsupported_grant_type: doorkeeper(
    400,
    'unsupported_grant_type',
    'The authorization grant type is not supported by the authorization server.',
  ),
  invalid_scope: doorkeeper(400, 'invalid_scope', 'The requested scope is invalid, unknown, or malformed.'),
  // Its document knows no proofs, so what it says is that this client gets nothing here.
  invalid_dpop_proof: doorkeeper(
    401,
    'unauthorized_client',
    'The client is not authorized to perform this request using this method.',
  ),
  invalid_token: doorkeeper(401, 'invalid_token', 'The access token is invalid'),
  expired_token: { from: 'spree', status: 401, text: 'The access token expired' },
  revoked_token: { from: 'spree', status: 401, text: 'The access token was revoked' },
  credential_in_query: doorkeeper(
    400,
    'invalid_request',
    'Credentials must not be sent in the query string.',
  ),
  malformed_body: { from: 'rails', status: 400, text: 'Bad Request' },
  gone: doorkeeper(410, 'gone', 'Tokens are no longer issued here.'),
  not_found: { from: 'rails', status: 404, text: 'Not Found' },
  // Rails would say 404; 405 with `Allow` tells what is wrong.
  method_not_allowed: { from: 'rails', status: 405, text: 'Method Not Allowed' },
  content_too_large: doorkeeper(413, 'invalid_request', 'The request body is too large.'),
  too_many_requests: doorkeeper(
    429,
    'too_many_requests',
    'More requests were sent than this server answers.',
  ),
  temporarily_unavailable: doorkeeper(
    503,
    'temporarily_unavailable',
    'The authorization server is currently unable to handle the request due to a temporary overloading or maintenance of the server.',
  ),
  server_error: doorkeeper(
    500,
    'server_error',
    'The authorization server encountered an unexpected condition which prevented it from fulfilling the request.',
  ),
}

function doorkeeper(status: number, error: string, text: string): WireError {
  return { from: 'doorkeeper', status, error, text }
}

export function encodeSpreeError(error: OAuthError, context: ErrorContext): HttpResponse {
  const wire = ERRORS[error.code]
  if (wire.from === 'rails') return encodeRailsError(wire, error, context)
  if (wire.from === 'spree') {
    const type = 'application/vnd.api+json; charset=utf-8'
    return jsonResponse(wire.status, { error: wire.text }, { 'Cache-Control': 'no-cache' }, type)
  }
  const text = textOf(error, wire.text)
  const state = stateOf(error)
  return jsonResponse(
    wire.status,
    { error: wire.error, error_description: text, ...(state !== null && { state }) },
    {
      ...NO_STORE,
      ...((wire.status === 400 || wire.status === 401) && {
        'WWW-Authenticate': `Bearer realm="Doorkeeper", error="${wire.error}", error_description="${text}"`,
      }),
      ...(error.retryAfter !== null && { 'Retry-After': String(error.retryAfter) }),
    },
    SPREE_JSON,
  )
}

/** Only `invalid_request` has more than one sentence; the text of the others is part of the wire format. */
function textOf(error: OAuthError, text: string): string {
  return error.code === 'invalid_request' ? (error.description ?? text) : text
}

/** Doorkeeper echoes the request's `state`, and gives every refused bearer token one of its own. */
function stateOf(error: OAuthError): string | null {
  if (error.code === 'invalid_token') return 'unauthorized'
  return error.state === null || error.state.trim() === '' ? null : error.state
}

/** `ActionDispatch::PublicExceptions`: JSON for those who ask for it, otherwise a page, which an API does not have. */
function encodeRailsError(wire: RailsError, error: OAuthError, context: ErrorContext): HttpResponse {
  const allow: Headers = error.allow.length > 0 ? { Allow: error.allow.join(', ') } : {}
  if (!asksForJson(context.accept)) {
    return {
      status: wire.status,
      headers: { 'Content-Type': 'text/html; charset=UTF-8', ...allow },
      body: '',
    }
  }
  const body = { status: wire.status, error: wire.text }
  return jsonResponse(wire.status, body, allow, 'application/json; charset=UTF-8')
}

const JSON_TYPES: ReadonlySet<string> = new Set([
  'application/json',
  'text/x-json',
  'application/jsonrequest',
])

/** As Rails: the first type counts, unless the list has a wildcard in it as those of browsers do. */
function asksForJson(accept: string | null): boolean {
  if (accept === null || /,\s*\*\/\*|\*\/\*\s*,/.test(accept)) return false
  const [first = ''] = accept.split(/[,;]/, 1)
  return JSON_TYPES.has(first.trim().toLowerCase())
}

import type { ErrorCode, OAuthError } from '../protocol/errors.ts'
import { type Headers, type HttpResponse, jsonResponse, NO_STORE } from '../protocol/http.ts'
import type { TokenResponse } from '../protocol/token.ts'
import type { ErrorContext } from './surface.ts'

export const NEWSTORE_JSON = 'application/json;charset=UTF-8'

/** The members and their order are those of the document's example. */
export function encodeTokenResponse(response: TokenResponse): HttpResponse {
  return jsonResponse(
    200,
    {
      ...(response.refreshToken !== null && { refresh_token: response.refreshToken }),
      access_token: response.accessToken,
      token_type: 'Bearer',
      scope: response.scope.join(' '),
      expires_in: response.expiresIn,
    },
    NO_STORE,
    NEWSTORE_JSON,
  )
}

interface WireError {
  readonly status: number
  readonly message: string
}

/** The document has one sentence for all that is wrong with a request; the reason is in the log, by request id. */
const MALFORMED: WireError = { status: 400, message: 'Authentication failed' }
const REFUSED: WireError = { status: 403, message: 'Authentication failed' }

const ERRORS: Readonly<Record<ErrorCode, WireError>> = {
  invalid_request: MALFORMED,
  unsupported_grant_type: MALFORMED,
  invalid_scope: MALFORMED,
  invalid_dpop_proof: MALFORMED,
  malformed_body: MALFORMED,
  credential_in_query: MALFORMED,
  invalid_client: REFUSED,
  invalid_grant: REFUSED,
  unauthorized_client: REFUSED,
  invalid_token: REFUSED,
  expired_token: REFUSED,
  revoked_token: REFUSED,
  gone: { status: 410, message: 'Gone' },
  not_found: { status: 404, message: 'Not Found' },
  method_not_allowed: { status: 405, message: 'Method Not Allowed' },
  content_too_large: { status: 413, message: 'Content Too Large' },
  too_many_requests: { status: 429, message: 'Too Many Requests' },
  temporarily_unavailable: { status: 503, message: 'Service Unavailable' },
  server_error: { status: 500, message: 'Internal Error' },
}

/** Never `WWW-Authenticate`, and nothing that tells one refused credential from another. */
export function encodeError(error: OAuthError, { requestId }: ErrorContext): HttpResponse {
  const { status, message } = ERRORS[error.code]
  const body =
    error.code === 'credential_in_query'
      ? { message: `query parameter ${error.parameter ?? 'password'} is not allowed.` }
      : { status, message, request_id: requestId }
  return jsonResponse(status, body, { ...NO_STORE, ...errorHeaders(error) }, NEWSTORE_JSON)
}

function errorHeaders({ allow, retryAfter }: OAuthError): Headers {
  return {
    ...(allow.length > 0 && { Allow: allow.join(', ') }),
    ...(retryAfter !== null && { 'Retry-After': String(retryAfter) }),
  }
}

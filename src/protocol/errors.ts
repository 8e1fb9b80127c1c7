/**
 * The closed set of refusals that any part of the server may raise. Each surface maps every code to its own
 * wire form (`Record<ErrorCode, …>`), so a new code does not compile until all surfaces have decided on it.
 */
export type ErrorCode =
  // RFC 6749 §5.2
  | 'invalid_request'
  | 'invalid_client'
  | 'invalid_grant'
  | 'unauthorized_client'
  | 'unsupported_grant_type'
  | 'invalid_scope'
  // RFC 9449 §5
  | 'invalid_dpop_proof'
  // RFC 6750 §3.1
  | 'invalid_token'
  // As `invalid_token`, for surfaces that tell the holder of a token what became of it.
  | 'expired_token'
  | 'revoked_token'
  // A credential was sent in the query string; refused on every surface.
  | 'credential_in_query'
  // The body could not be parsed as what its Content-Type says.
  | 'malformed_body'
  // The surface issues no tokens any more, or none during a brown-out.
  | 'gone'
  // HTTP
  | 'not_found'
  | 'method_not_allowed'
  | 'content_too_large'
  // RFC 6585 §4
  | 'too_many_requests'
  // The server's own trouble
  | 'temporarily_unavailable'
  | 'server_error'

/**
 * Why a request was refused: a stable machine word for logs, metrics and diagnosis, never sent to the client.
 * Examples: `wrong_password`, `unknown_client`, `refresh_token_reused`.
 */
export type Reason = string

export interface OAuthErrorOptions {
  /** May go on the wire. Defaults to nothing; the surface then has its own sentence for the code. */
  readonly description?: string
  /** The parameter that is missing, repeated or malformed. */
  readonly parameter?: string
  /** The `state` of the request, echoed by surfaces that do so. */
  readonly state?: string | null
  /** HTTP methods the path knows; only with `method_not_allowed`. */
  readonly allow?: readonly string[]
  /** When to try again; only with `temporarily_unavailable`, `too_many_requests` and `gone`. Seconds. */
  readonly retryAfter?: number
  /** Goes to the log only. */
  readonly cause?: unknown
}

/** A refusal. Knows no HTTP status: that is the surface's business. */
export class OAuthError extends Error {
  readonly code: ErrorCode
  readonly reason: Reason
  readonly description: string | null
  readonly parameter: string | null
  readonly state: string | null
  readonly allow: readonly string[]
  readonly retryAfter: number | null

  constructor(code: ErrorCode, reason: Reason, options: OAuthErrorOptions = {}) {
    super(`${code}: ${reason}`, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'OAuthError'
    this.code = code
    this.reason = reason
    this.description = options.description ?? null
    this.parameter = options.parameter ?? null
    this.state = options.state ?? null
    this.allow = options.allow ?? []
    this.retryAfter = options.retryAfter ?? null
  }
}

/** Anything thrown becomes an `OAuthError`: what is not one already is a bug and answers `server_error`. */
export function toOAuthError(thrown: unknown): OAuthError {
  if (thrown instanceof OAuthError) return thrown
  return new OAuthError('server_error', 'unexpected', { cause: thrown })
}

/** `invalid_request` for a parameter that is absent or empty. */
export function missingParameter(parameter: string, state: string | null = null): OAuthError {
  return new OAuthError('invalid_request', 'missing_parameter', {
    parameter,
    state,
    description: `Missing required parameter: ${parameter}.`,
  })
}

import { REASONS } from '../../src/diagnosis/reasons.ts'
import { type ErrorCode, OAuthError, type OAuthErrorOptions } from '../../src/protocol/errors.ts'
import type { HttpResponse } from '../../src/protocol/http.ts'
import { type ErrorContext, SURFACES, type Surface } from '../../src/surfaces/index.ts'
import { code, table } from './markdown.ts'
import { requireEveryReason } from './reasons.ts'

interface Example {
  readonly when: string
  readonly reason: string
  readonly options?: OAuthErrorOptions
}

/** One refusal of each code. The compiler asks for new ones. */
const EXAMPLES: Readonly<Record<ErrorCode, Example>> = {
  invalid_request: {
    when: 'A parameter is missing, repeated or malformed.',
    reason: 'missing_parameter',
    options: { parameter: 'grant_type', description: 'Missing required parameter: grant_type.' },
  },
  invalid_client: { when: 'The client is unknown, or did not prove who it is.', reason: 'unknown_client' },
  invalid_grant: {
    when: 'Wrong password or user; refresh token unknown, spent or revoked.',
    reason: 'wrong_password',
  },
  unauthorized_client: {
    when: 'The client may not use this grant type.',
    reason: 'grant_not_allowed_for_client',
  },
  unsupported_grant_type: { when: 'The grant type is unknown, or off here.', reason: 'unknown_grant_type' },
  invalid_scope: {
    when: 'The requested scope is malformed, or not all of it is allowed.',
    reason: 'scope_not_allowed',
  },
  invalid_dpop_proof: {
    when: 'The DPoP proof is missing where one is needed, not good, or was used before.',
    reason: 'dpop_proof_replayed',
  },
  invalid_token: { when: 'A bearer token is not good.', reason: 'unknown_token' },
  expired_token: { when: 'A bearer token has expired.', reason: 'token_expired' },
  revoked_token: { when: 'A bearer token was revoked.', reason: 'token_revoked' },
  credential_in_query: {
    when: 'A credential in the query string.',
    reason: 'password_in_query',
    options: { parameter: 'password' },
  },
  malformed_body: { when: 'The body is not what its `Content-Type` says.', reason: 'broken_json' },
  gone: {
    when: 'The surface has come to its sunset or, with `Retry-After`, is in a brown-out.',
    reason: 'brown_out',
    options: { retryAfter: 3600 },
  },
  not_found: { when: 'No such path, host or tenant; a surface that is off.', reason: 'unknown_path' },
  method_not_allowed: {
    when: 'The path knows other methods.',
    reason: 'method',
    options: { allow: ['POST'] },
  },
  content_too_large: { when: 'The body is larger than the surface reads.', reason: 'body_too_large' },
  too_many_requests: {
    when: 'The tenant, or the client, has sent more than its `requestsPerSecond` or `clientRequestsPerSecond`.',
    reason: 'tenant_request_limit',
    options: { retryAfter: 1 },
  },
  temporarily_unavailable: {
    when: 'Nothing was kept; the same request may be sent again.',
    reason: 'store_unavailable',
    options: { retryAfter: 1 },
  },
  server_error: { when: 'A bug, or a program that embeds Mintkeeper wrongly.', reason: 'unexpected' },
}

const CODES = Object.keys(EXAMPLES) as ErrorCode[]

/** Headers that say what the body does not. */
const TELLING_HEADERS = ['WWW-Authenticate', 'Allow', 'Retry-After']

/** docs/reference/errors.md, from what the surfaces answer. */
export function renderErrorsReference(): string {
  requireEveryReason()
  return `${[
    '# Errors of the token plane',
    'Every refusal has one of these codes. What a client gets is the business of its surface; the log line of the request has the code as `outcome`, and as `reason` a word that says more than any client is told.',
    table(
      ['code', 'when'],
      CODES.map((each) => [code(each), EXAMPLES[each].when]),
    ),
    ...SURFACES.filter(({ name }) => name !== 'realm').flatMap(renderSurface),
    '## Reasons',
    'Stable words for logs, metrics and diagnosis; never sent to a client. `mintkeeper why` says what they mean for one request, by its id.',
    table(
      ['reason', 'meaning'],
      Object.entries(REASONS).map(([reason, meaning]) => [code(reason), meaning]),
    ),
  ].join('\n\n')}\n`
}

function renderSurface(surface: Surface): readonly string[] {
  return [
    surface.name === 'standard' ? '## standard and realm' : `## ${surface.name}`,
    introduction(surface),
    table(
      ['code', 'status', 'body', 'headers'],
      CODES.map((each) => errorRow(each, answer(surface, each))),
    ),
  ]
}

function introduction(surface: Surface): string {
  switch (surface.name) {
    case 'newstore':
      return "`request_id` is also in `X-Newstore-Request-Id`, and in the log line. Refused credentials are 403 and malformed requests 400, as in NewStore's document; no answer has `WWW-Authenticate`."
    case 'spree':
      return "Doorkeeper's shape, or for what never reaches Doorkeeper that of Rails: JSON for a client that accepts `application/json`, as here, otherwise an empty page. `state` is echoed with a missing or unknown grant type. The revocation of another client's token is 403 `unauthorized_client`."
    default:
      return 'RFC 6749 §5.2. `error_description` is for developers, and may say more than here.'
  }
}

function answer(surface: Surface, errorCode: ErrorCode): HttpResponse {
  const { reason, options } = EXAMPLES[errorCode]
  const context: ErrorContext = {
    requestId: '…',
    policy: null,
    endpoint: errorCode === 'invalid_token' ? 'info' : 'token',
    accept: 'application/json',
  }
  return surface.encodeError(new OAuthError(errorCode, reason, options), context)
}

function errorRow(errorCode: ErrorCode, { status, headers, body }: HttpResponse): readonly string[] {
  const telling = TELLING_HEADERS.flatMap((name) => {
    const value = headers[name]
    // The description stands in the body already.
    return value === undefined
      ? []
      : [code(`${name}: ${value.replace(/error_description="[^"]*"/, 'error_description="…"')}`)]
  })
  return [code(errorCode), String(status), code(body), telling.join(' ')]
}

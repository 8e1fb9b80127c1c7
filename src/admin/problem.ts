import type { Context } from 'hono'
import { HTTPException } from 'hono/http-exception'
import { OAuthError } from '../protocol/errors.ts'
import { StoreUnavailable } from '../store/errors.ts'
import type { AdminEnv } from './environment.ts'
import { AdminError, type AdminErrorCode, type Problem } from './operations/admin-error.ts'

/** Every refusal of the admin API: those of the operations, and HTTP's own. */
export type ProblemCode =
  | AdminErrorCode
  | 'malformed_body'
  | 'unauthorized'
  | 'method_not_allowed'
  | 'precondition_failed'
  | 'content_too_large'
  | 'unsupported_media_type'
  | 'server_error'
  | 'unavailable'

interface Kind {
  readonly status: 400 | 401 | 404 | 405 | 409 | 412 | 413 | 415 | 500 | 503
  readonly title: string
  /** When it is answered, for the reference. */
  readonly meaning: string
}

export const PROBLEMS: Readonly<Record<ProblemCode, Kind>> = {
  invalid: {
    status: 400,
    title: 'Invalid request',
    meaning: 'Something breaks a rule; `problems` lists all.',
  },
  malformed_body: { status: 400, title: 'Malformed body', meaning: 'The body is no JSON.' },
  unauthorized: { status: 401, title: 'Unauthorized', meaning: 'The admin token is missing or wrong.' },
  not_found: { status: 404, title: 'Not found', meaning: 'The path, tenant or resource does not exist.' },
  method_not_allowed: {
    status: 405,
    title: 'Method not allowed',
    meaning: 'The path does not know the method; `Allow` lists those it knows.',
  },
  conflict: {
    status: 409,
    title: 'Conflict',
    meaning: 'It does not go with what exists, such as a name that is taken.',
  },
  changed: {
    status: 409,
    title: 'Changed meanwhile',
    meaning: 'Others changed the resource again and again; try again.',
  },
  precondition_failed: {
    status: 412,
    title: 'Precondition failed',
    meaning: 'The resource is not in the version that `If-Match` names: read it again.',
  },
  content_too_large: { status: 413, title: 'Content too large', meaning: 'The body has more than 64 KiB.' },
  unsupported_media_type: {
    status: 415,
    title: 'Unsupported media type',
    meaning: 'The body is not `application/json`.',
  },
  server_error: { status: 500, title: 'Internal error', meaning: 'A bug: see the log at this `requestId`.' },
  unavailable: {
    status: 503,
    title: 'Unavailable',
    meaning: 'The database can not be written, or too many passwords are being hashed: try again.',
  },
}

/** What was thrown, said as a problem. */
export interface Refusal {
  readonly code: ProblemCode
  readonly detail: string
  readonly problems?: readonly Problem[]
  /** Seconds. */
  readonly retryAfter?: number
  readonly headers?: Readonly<Record<string, string>>
}

/** What the client may know about anything thrown; what nobody expected is `server_error` and tells nothing. */
export function refusalOf(thrown: unknown, hasPrecondition: boolean): Refusal {
  if (thrown instanceof AdminError) {
    const code = thrown.code === 'changed' && hasPrecondition ? 'precondition_failed' : thrown.code
    return { code, detail: thrown.message, problems: thrown.problems }
  }
  if (thrown instanceof StoreUnavailable) {
    return { code: 'unavailable', detail: 'Nothing was written. Try again.', retryAfter: 1 }
  }
  if (thrown instanceof OAuthError && thrown.code === 'temporarily_unavailable') {
    return {
      code: 'unavailable',
      detail: 'The server is busy. Try again.',
      retryAfter: thrown.retryAfter ?? 1,
    }
  }
  if (thrown instanceof HTTPException && thrown.status === 503) {
    return { code: 'unavailable', detail: 'The server is not ready.', retryAfter: 1 }
  }
  if (thrown instanceof HTTPException && thrown.status === 415) {
    return { code: 'unsupported_media_type', detail: 'Send the body as application/json.' }
  }
  if (thrown instanceof HTTPException && thrown.status === 400) {
    return { code: 'malformed_body', detail: 'The body is no JSON.' }
  }
  return { code: 'server_error', detail: 'Something went wrong inside. The log says more.' }
}

/** A problem document (RFC 9457). */
export function problemResponse(context: Context<AdminEnv>, refusal: Refusal): Response {
  const { status, title } = PROBLEMS[refusal.code]
  const { problems = [], retryAfter, headers } = refusal
  const body = {
    type: problemType(refusal.code),
    title,
    status,
    detail: refusal.detail,
    ...(problems.length > 0 && { problems }),
    requestId: context.get('requestId'),
  }
  return context.body(JSON.stringify(body), status, {
    'Content-Type': 'application/problem+json',
    ...(retryAfter !== undefined && { 'Retry-After': String(retryAfter) }),
    ...headers,
  })
}

/** The URI that names a kind of problem; nothing is to be found there. */
export function problemType(code: ProblemCode): string {
  return `urn:mintkeeper:problem:${code}`
}

import type { AdminErrorCode, Problem } from './operations/admin-error.ts'

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

/** What is answered to a request, without any framework's types. */
export interface Answer {
  readonly status: Kind['status'] | 200
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** A problem document (RFC 9457). */
export function problemAnswer(refusal: Refusal, requestId: string): Answer {
  const { status, title } = PROBLEMS[refusal.code]
  const { problems = [], retryAfter, headers } = refusal
  const body = {
    type: problemType(refusal.code),
    title,
    status,
    detail: refusal.detail,
    ...(problems.length > 0 && { problems }),
    requestId,
  }
  return {
    status,
    headers: {
      'Content-Type': 'application/problem+json',
      ...(retryAfter !== undefined && { 'Retry-After': String(retryAfter) }),
      ...headers,
    },
    body: JSON.stringify(body),
  }
}

/** The URI that names a kind of problem; nothing is to be found there. */
export function problemType(code: ProblemCode): string {
  return `urn:mintkeeper:problem:${code}`
}

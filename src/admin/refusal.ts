import type { Context } from 'hono'
import { HTTPException } from 'hono/http-exception'
import { OAuthError } from '../protocol/errors.ts'
import { StoreUnavailable } from '../store/errors.ts'
import type { AdminEnv } from './environment.ts'
import { AdminError } from './operations/admin-error.ts'
import { problemAnswer, type Refusal } from './problem.ts'

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
  const { body, status, headers } = problemAnswer(refusal, context.get('requestId'))
  return context.body(body, status, headers)
}

import type { MiddlewareHandler } from 'hono'
import { sameBytes, sha256 } from '../crypto/digest.ts'
import type { Secret } from '../protocol/secret.ts'
import type { AdminEnv } from './environment.ts'
import { problemResponse } from './problem.ts'

/** What anybody may ask; all else needs the admin token, whether it exists or not. */
export const PUBLIC_PATHS: ReadonlySet<string> = new Set(['/healthz', '/readyz', '/openapi.json'])

/** The admin token may have any visible character, not only those of other bearer tokens (RFC 6750 §2.1). */
const BEARER = /^bearer +([\x21-\x7e]+) *$/i

/** Lets in who shows the admin token as a bearer (RFC 6750 §2.1). Without a token set, lets in nobody. */
export function authentication(adminToken: Secret | null): MiddlewareHandler<AdminEnv> {
  const expected = adminToken === null ? null : sha256(adminToken.reveal())
  return async (context, next) => {
    if (PUBLIC_PATHS.has(context.req.path)) return await next()
    const shown = parseAuthorizationHeader(context.req.header('authorization') ?? null, {
      formEncoded: false,
    })
    if (shown.scheme === 'Bearer' && expected !== null && sameBytes(sha256(shown.token.reveal()), expected)) {
      return await next()
    }
    const isWrong = shown.scheme === 'Bearer'
    return problemResponse(context, {
      code: 'unauthorized',
      detail: isWrong ? 'The token is not the admin token.' : 'Send the admin token: Authorization: Bearer …',
      // RFC 6750 §3.1: no error code where no authentication was tried.
      headers: { 'WWW-Authenticate': isWrong ? 'Bearer error="invalid_token"' : 'Bearer' },
    })
  }
}

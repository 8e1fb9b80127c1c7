import type { MiddlewareHandler } from 'hono'
import { sameBytes, sha256 } from '../crypto/digest.ts'
import { Secret } from '../protocol/secret.ts'
import type { AdminEnv, AdminToken } from './environment.ts'
import { PROBE_PATHS } from './probes.ts'
import { problemResponse } from './refusal.ts'

/**
 * What whoever reaches the control plane may ask; all else needs the admin token, whether it exists or not. Scrapers of
 * metrics are programs of their own, and must not hold a token that opens everything.
 */
const PUBLIC_PATHS: ReadonlySet<string> = new Set([...PROBE_PATHS, '/openapi.json'])

/** The admin token may have any visible character, not only those of other bearer tokens (RFC 6750 §2.1). */
const BEARER = /^bearer +([\x21-\x7e]+) *$/i

/** Lets in who shows the admin token as a bearer (RFC 6750 §2.1). Without a token set, lets in nobody. */
export function authentication(adminToken: AdminToken): MiddlewareHandler<AdminEnv> {
  const expected = digestOf(adminToken)
  return async (context, next) => {
    if (PUBLIC_PATHS.has(context.req.path)) return await next()
    const [, token] = BEARER.exec(context.req.header('authorization') ?? '') ?? []
    if (token !== undefined && expected !== null && sameBytes(sha256(token), expected)) return await next()
    const isWrong = token !== undefined
    return problemResponse(context, {
      code: 'unauthorized',
      detail: isWrong ? 'The token is not the admin token.' : 'Send the admin token: Authorization: Bearer …',
      // RFC 6750 §3.1: no error code where no authentication was tried.
      headers: { 'WWW-Authenticate': isWrong ? 'Bearer error="invalid_token"' : 'Bearer' },
    })
  }
}

/** The SHA-256 of the admin token; null: there is none. */
export function digestOf(adminToken: AdminToken): Uint8Array | null {
  return adminToken instanceof Secret ? sha256(adminToken.reveal()) : (adminToken?.sha256 ?? null)
}

import type { RequestEntry } from '../log/log.ts'
import type { OAuthError, Reason } from '../protocol/errors.ts'
import { type HttpRequest, pathOf } from '../protocol/http.ts'
import type { Tenant } from '../protocol/policy.ts'
import { sourceOf } from '../protocol/source.ts'
import type { Match } from './router.ts'

/**
 * A request that was refused, as it was: with its secrets, in memory and for about a second, until it was looked at.
 * Nothing was copied, parsed or looked up for it yet.
 */
export interface NotedRefusal {
  readonly tenant: string | null
  /** As `sourceOf` names it. */
  readonly source: string | null
  readonly reason: Reason
  /** Milliseconds since the epoch. */
  readonly atMs: number
  /** Of the body, in characters. */
  readonly size: number
  readonly entry: RequestEntry
  readonly refusal: OAuthError
  readonly request: Pick<HttpRequest, 'method' | 'url' | 'headers'>
  readonly path: string
  /** Null: it was not read. */
  readonly body: string | null
  readonly host: string | null
  readonly match: Match
  /** The tenant it was for, as it was then. */
  readonly of: Tenant | null
}

/** What is known of a request at its end. */
interface Known {
  readonly match: Match
  readonly tenant: Tenant | null
  readonly body: string | null
}

/** Looks at nothing but what is known already. */
export function notedRefusal(
  { match, tenant, body }: Known,
  request: NotedRefusal['request'],
  host: string | null,
  refusal: OAuthError,
  entry: RequestEntry,
  atMs: number,
): NotedRefusal {
  return {
    tenant: entry.tenant,
    source: sourceOf(entry.source),
    reason: refusal.reason,
    atMs,
    size: body?.length ?? 0,
    entry,
    refusal,
    request,
    path: pathOf(request.url),
    body,
    host,
    match,
    of: tenant,
  }
}

import type { Headers } from './http.ts'
import type { EpochSeconds } from './time.ts'

/** A link to another resource (RFC 8288 §3). */
export interface Link {
  /** An absolute URL. */
  readonly href: string
  readonly rel: string
  /** The media type of what is there, as a hint. */
  readonly type?: string
}

/** That a resource should no longer be used, and what a client's developer should read about it. */
export interface Deprecation {
  readonly since: EpochSeconds
  /** When the resource is expected to stop answering; null: not decided. */
  readonly sunset: EpochSeconds | null
  readonly links: readonly Link[]
}

/**
 * `Deprecation` (RFC 9745), `Sunset` (RFC 8594) and `Link` (RFC 8288). Throws a RangeError for a sunset before the
 * deprecation, which RFC 9745 §4 forbids, and a TypeError for a link that is no absolute URL.
 */
export function deprecationHeaders({ since, sunset, links }: Deprecation): Headers {
  if (sunset !== null && sunset < since) {
    throw new RangeError(`The sunset (${httpDate(sunset)}) is before the deprecation (${httpDate(since)}).`)
  }
  return {
    // A date of RFC 9651 §3.3.7, unlike that of every older header.
    Deprecation: `@${since}`,
    ...(sunset !== null && { Sunset: httpDate(sunset) }),
    ...(links.length > 0 && { Link: links.map(formatLink).join(', ') }),
  }
}

/** IMF-fixdate (RFC 9110 §5.6.7). */
export function httpDate(time: EpochSeconds): string {
  return new Date(time * 1000).toUTCString()
}

/** One link-value; the URL comes out in normal form, so that nothing in it can end the `<…>`. */
function formatLink({ href, rel, type }: Link): string {
  const target = `<${new URL(href).href}>; rel="${rel}"`
  return type === undefined ? target : `${target}; type="${type}"`
}

/**
 * The structural part of Fetch's `Request` that Mintkeeper reads: a native `Request` fits as it is.
 * `text()` resolves to the whole body; an edge refuses bodies that are too large or not UTF-8 there.
 */
export interface HttpRequest {
  readonly method: string
  /** Absolute (`https://host/path?query`) or origin-form (`/path?query`). */
  readonly url: string
  readonly headers: { get(name: string): string | null }
  /** Whether whoever asked has gone meanwhile; without it nobody can tell. Of Fetch that is `signal`. */
  isGone?(): boolean
  text(): Promise<string>
}

export interface HttpResponse {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export type Headers = Readonly<Record<string, string>>

/** RFC 6749 §5.1: token responses must not be stored. */
export const NO_STORE: Headers = { 'Cache-Control': 'no-store', Pragma: 'no-cache' }

export function jsonResponse(
  status: number,
  value: unknown,
  headers: Headers,
  contentType = 'application/json',
): HttpResponse {
  return { status, headers: { 'Content-Type': contentType, ...headers }, body: JSON.stringify(value) }
}

/** The text after `?`, or the empty string. */
export function queryOf(url: string): string {
  const start = url.indexOf('?')
  if (start === -1) return ''
  const fragment = url.indexOf('#')
  if (fragment === -1) return url.slice(start + 1)
  return fragment < start ? '' : url.slice(start + 1, fragment)
}

/** The path of an absolute or origin-form URL, as it was sent: not decoded, not normalised. */
export function pathOf(url: string): string {
  let start = 0
  if (url[0] !== '/') {
    const scheme = url.indexOf('://')
    if (scheme !== -1) {
      // A slash after the query has begun is none of the path's.
      const end = url.slice(scheme + 3).search(/[/?#]/)
      if (end === -1 || url[scheme + 3 + end] !== '/') return '/'
      start = scheme + 3 + end
    }
  }
  for (let index = start; index < url.length; index++) {
    const character = url.charCodeAt(index)
    if (character === 63 || character === 35) return url.slice(start, index)
  }
  return start === 0 ? url : url.slice(start)
}

/** Host and port of an absolute URL, as they were sent; null for one in origin-form. */
export function authorityOf(url: string): string | null {
  if (url[0] === '/') return null
  return /^[a-z][a-z0-9+.-]*:\/\/([^/?#]*)/i.exec(url)?.[1] ?? null
}

/** What every answer of the token plane has in common, whatever it answers. */
import { expect } from 'vitest'
import type { RequestEntry } from '../../src/log/log.ts'
import type { HttpResponse } from '../../src/protocol/http.ts'
import { MARKER } from './target.ts'

const UUID = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}'
/** RFC 6749 §5.2: %x20-21 / %x23-5B / %x5D-7E. */
const TEXT = '[\\x20-\\x21\\x23-\\x5b\\x5d-\\x7e]+'
const DESCRIPTION = new RegExp(`^${TEXT}$`)

/** Every header any answer may have, with all it may say. */
const HEADERS: Readonly<Record<string, RegExp>> = {
  'Content-Type':
    /^(?:application\/(?:json(?:; ?charset=(?:utf-8|UTF-8))?|vnd\.api\+json; charset=utf-8|jwk-set\+json)|text\/html; charset=UTF-8)$/,
  'Cache-Control': /^(?:no-store|no-cache|public, max-age=300|max-age=0, private, must-revalidate)$/,
  Pragma: /^no-cache$/,
  Allow: /^(?:GET|POST)$/,
  'Retry-After': /^\d+$/,
  'WWW-Authenticate': new RegExp(
    `^(?:Basic realm="oauth", charset="UTF-8"|Bearer realm="(?:oauth|Doorkeeper)", error="[a-z_]+"(?:, error_description="${TEXT}")?)$`,
  ),
  'X-Request-Id': new RegExp(`^${UUID}$`),
  'X-Newstore-Request-Id': new RegExp(`^${UUID}$`),
  Deprecation: /^@1704672000$/,
  Link: /^(?:<https:\/\/(?:docs\.newstore\.net|dodici\.x\.newstore\.net)\/[\w/.-]+>; rel="[a-z-]+"(?:; type="text\/html")?(?:, )?)+$/,
}

const PAGES: ReadonlySet<string> = new Set(['malformed_body', 'not_found', 'method_not_allowed'])

/** No header but those, and nothing of the request in any; token endpoints are not stored. */
export function expectPlainHeaders({ headers }: HttpResponse, entry: RequestEntry): void {
  for (const [name, value] of Object.entries(headers)) {
    expect(HEADERS, name).toHaveProperty([name])
    expect(value).toMatch(HEADERS[name]!)
    expect(value.toLowerCase()).not.toContain(MARKER.toLowerCase())
  }
  const own = headers[entry.surface === 'newstore' ? 'X-Newstore-Request-Id' : 'X-Request-Id']
  expect(own).toBe(entry.requestId)
  if (entry.endpoint !== 'token') return
  // Rails' own pages for what never reached Doorkeeper say nothing, and nothing of storing either.
  if (entry.surface === 'spree' && PAGES.has(entry.outcome)) return
  expect(headers['Cache-Control']).toBe('no-store')
  expect(headers.Pragma).toBe('no-cache')
}

const REQUIRED: Readonly<Record<string, (response: HttpResponse, entry: RequestEntry) => void>> = {
  newstore: expectNewstoreError,
  spree: expectSpreeError,
  standard: expectStandardError,
  realm: expectStandardError,
}

/** The error's own form at the surface that answered. */
export function expectErrorShape(response: HttpResponse, entry: RequestEntry): void {
  expect(REQUIRED).toHaveProperty([entry.surface])
  REQUIRED[entry.surface]!(response, entry)
}

function expectNewstoreError({ status, body }: HttpResponse, { requestId, outcome }: RequestEntry): void {
  const error = JSON.parse(body)
  if (outcome === 'credential_in_query') {
    expect(Object.keys(error)).toEqual(['message'])
    expect(error.message).toMatch(/^query parameter [a-z_]+ is not allowed\.$/)
  } else {
    expect(error).toEqual({ status, message: MESSAGES[status], request_id: requestId })
    expect(Object.keys(error)).toEqual(['status', 'message', 'request_id'])
  }
}

const MESSAGES: Readonly<Record<number, string>> = {
  400: 'Authentication failed',
  403: 'Authentication failed',
  404: 'Not Found',
  405: 'Method Not Allowed',
  413: 'Content Too Large',
  500: 'Internal Error',
  503: 'Service Unavailable',
}

const RAILS: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  404: 'Not Found',
  405: 'Method Not Allowed',
}

function expectSpreeError({ status, headers, body }: HttpResponse, entry: RequestEntry): void {
  if (headers['Content-Type'] === 'text/html; charset=UTF-8') {
    expect([Object.keys(RAILS).map(Number), body]).toEqual([expect.arrayContaining([status]), ''])
    return
  }
  const error = JSON.parse(body)
  if (typeof error.status === 'number') expect(error).toEqual({ status, error: RAILS[status] })
  else if (entry.endpoint === 'info' && !('error_description' in error)) {
    expect(error).toEqual({ error: expect.stringMatching(/^The access token (?:expired|was revoked)$/) })
  } else {
    const { error: code, error_description: description, state, ...others } = error
    expect(code).toMatch(/^[a-z_]+$/)
    expect(description).toMatch(DESCRIPTION)
    expect(['undefined', 'string']).toContain(typeof state)
    expect(others).toEqual({})
  }
}

function expectStandardError({ headers, body }: HttpResponse): void {
  expect(headers['Content-Type']).toBe('application/json')
  const error = JSON.parse(body)
  expect(Object.keys(error)).toEqual(['error', 'error_description'])
  expect(error.error).toMatch(/^[a-z_]+$/)
  expect(error.error_description).toMatch(DESCRIPTION)
}

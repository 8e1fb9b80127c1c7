import { OAuthError } from './errors.ts'

/** A set of scope tokens in the order they were first named (RFC 6749 §3.3). */
export type Scope = readonly string[]

/** More tokens than any real request has; bounds the work one request can cause. */
const MAX_SCOPE_TOKENS = 100

// RFC 6749 §3.3: scope-token = 1*( %x21 / %x23-5B / %x5D-7E )
const SCOPE_TOKEN = /^[\x21\x23-\x5b\x5d-\x7e]+$/

/**
 * Splits a scope parameter at white space and drops repetitions. Refuses characters outside RFC 6749 §3.3, and
 * more than 100 tokens with the repeated ones, with `invalid_scope`.
 */
export function parseScope(text: string): Scope {
  // White space at both ends gives an empty text each.
  const tokens = text.split(/[ \t\r\n]+/, MAX_SCOPE_TOKENS + 3).filter((token) => token !== '')
  if (tokens.length > MAX_SCOPE_TOKENS) throw new OAuthError('invalid_scope', 'too_many_scopes')
  if (!tokens.every((token) => SCOPE_TOKEN.test(token))) {
    throw new OAuthError('invalid_scope', 'malformed_scope')
  }
  return [...new Set(tokens)]
}

export function formatScope(scope: Scope): string {
  return scope.join(' ')
}

export function includesScope(outer: Scope, inner: Scope): boolean {
  return inner.every((token) => outer.includes(token))
}

import { Secret } from './secret.ts'

/** The credentials of an `Authorization` header (RFC 9110 §11.6.2), as far as Mintkeeper knows them. */
export type AuthorizationHeader =
  | { readonly scheme: 'none' }
  | { readonly scheme: 'Basic'; readonly clientId: string; readonly clientSecret: Secret }
  | { readonly scheme: 'Bearer'; readonly token: Secret }
  /** A scheme we do not know, or credentials that do not parse. */
  | { readonly scheme: 'malformed' }

const NONE: AuthorizationHeader = { scheme: 'none' }
const MALFORMED: AuthorizationHeader = { scheme: 'malformed' }
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/
const TOKEN68 = /^[A-Za-z0-9\-._~+/]+=*$/

export interface BasicRules {
  /** RFC 6749 §2.3.1: id and secret are form-encoded before Base64. Doorkeeper does not decode them. */
  readonly formEncoded: boolean
}

/** The scheme is case-insensitive. Never throws: what does not parse is `malformed`. */
export function parseAuthorizationHeader(header: string | null, rules: BasicRules): AuthorizationHeader {
  if (header === null || header === '') return NONE
  const space = header.indexOf(' ')
  if (space === -1) return MALFORMED
  const credentials = header.slice(space + 1).trim()
  switch (header.slice(0, space).toLowerCase()) {
    case 'basic':
      return parseBasic(credentials, rules)
    case 'bearer':
      return TOKEN68.test(credentials) ? { scheme: 'Bearer', token: new Secret(credentials) } : MALFORMED
    default:
      return MALFORMED
  }
}

function parseBasic(credentials: string, rules: BasicRules): AuthorizationHeader {
  if (!BASE64.test(credentials)) return MALFORMED
  try {
    const bytes = Uint8Array.from(atob(credentials), (character) => character.charCodeAt(0))
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
    const colon = text.indexOf(':')
    if (colon === -1) return MALFORMED
    const decode = rules.formEncoded ? decodeBasicComponent : (value: string) => value
    const clientId = decode(text.slice(0, colon))
    const clientSecret = decode(text.slice(colon + 1))
    // RFC 6749 Appendix A.1: neither has control characters in it, and PostgreSQL can't even be asked for a NUL.
    if (clientId.includes('\0') || clientSecret.includes('\0')) return MALFORMED
    return { scheme: 'Basic', clientId, clientSecret: new Secret(clientSecret) }
  } catch {
    return MALFORMED
  }
}

function decodeBasicComponent(text: string): string {
  return decodeURIComponent(text.replaceAll('+', ' '))
}

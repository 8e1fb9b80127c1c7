import { decodeFormComponent } from '../protocol/parameters.ts'
import type { AuthorizationMistake } from '../store/findings.ts'

/** Id and secret of a Basic header as they stand in Base64, undecoded; null: it is none. */
export function rawBasic(
  header: string | null,
): { readonly clientId: string; readonly secret: string } | null {
  const [, credentials] = /^basic +([A-Za-z0-9+/]+={0,2}) *$/i.exec(header ?? '') ?? []
  if (credentials === undefined) return null
  const text = Buffer.from(credentials, 'base64').toString()
  const colon = text.indexOf(':')
  return colon === -1 ? null : { clientId: text.slice(0, colon), secret: text.slice(colon + 1) }
}

/** Where a header fails that could not be used; null: nobody knows. */
export function authorizationMistake(header: string): AuthorizationMistake | null {
  const [, scheme = '', credentials = ''] = /^(\S+)\s*(.*)$/s.exec(header.trim()) ?? []
  if (credentials === '') return 'no_credentials'
  if (/^(basic|bearer)\b\s/i.test(credentials)) return 'scheme_twice'
  if (!/^basic$/i.test(scheme)) return 'other_scheme'
  if (credentials.includes(':')) return 'plain'
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(credentials)) return 'not_base64'
  if (!isUtf8(credentials)) return 'not_utf8'
  const raw = rawBasic(header.trim())
  if (raw === null) return 'no_colon'
  return isBroken(raw.clientId) || isBroken(raw.secret) ? 'broken_percent' : null
}

/** The same of a header that should have a bearer token. */
export function bearerMistake(header: string): AuthorizationMistake {
  return /^(\S+)\s+(basic|bearer)\s/i.test(header.trim()) ? 'scheme_twice' : 'not_bearer'
}

function isUtf8(base64: string): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(base64, 'base64'))
    return true
  } catch {
    return false
  }
}

function isBroken(text: string): boolean {
  try {
    decodeFormComponent(text)
    return false
  } catch {
    return true
  }
}

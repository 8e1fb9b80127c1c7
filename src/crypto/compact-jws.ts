import { findRepeatedMember } from '../protocol/json-members.ts'

const COMPACT = /^([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)$/

/** The parts of a JWS in compact form (RFC 7515 §7.1), as they were sent; null for any other text. */
export function splitCompactJws(
  text: string,
): { readonly header: string; readonly payload: string; readonly signature: string } | null {
  const parts = COMPACT.exec(text)
  if (parts === null) return null
  const [, header = '', payload = '', signature = ''] = parts
  return { header, payload, signature }
}

/** What is signed: all before the last dot. */
export function signingInputOf(text: string): Buffer {
  return Buffer.from(text.slice(0, text.lastIndexOf('.')), 'latin1')
}

/** `Buffer.from` ignores the last character's unused bits; of all spellings only one is the one we would write. */
export function decodeCanonical(encoded: string): Buffer | null {
  const bytes = Buffer.from(encoded, 'base64url')
  return bytes.toString('base64url') === encoded ? bytes : null
}

/** Valid UTF-8 in canonical base64url, or null. */
export function decodeText(encoded: string): string | null {
  const bytes = decodeCanonical(encoded)
  if (bytes === null) return null
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return null
  }
}

/** A JSON object, or null. */
export function parseObject(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : null
  } catch {
    return null
  }
}

/** A JSON object without two members of a name (RFC 7519 §4), in canonical base64url and valid UTF-8; else null. */
export function decodeUnique(encoded: string): Readonly<Record<string, unknown>> | null {
  const text = decodeText(encoded)
  const object = text === null ? null : parseObject(text)
  return text === null || object === null || findRepeatedMember(text) !== null ? null : object
}

/**
 * Whether a header asks for what is not understood. RFC 7515 §4.1.11: extensions that are not understood make the JWS
 * invalid; none is. `b64` (RFC 7797) is one. With `enc` it is a JWE (RFC 7516 §4.1.2).
 */
export function hasExtensions(header: Readonly<Record<string, unknown>>): boolean {
  return 'crit' in header || 'b64' in header || 'enc' in header
}

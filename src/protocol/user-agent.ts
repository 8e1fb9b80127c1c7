/** In UTF-16 units: more than any program needs to say what it is. */
export const LONGEST_USER_AGENT = 200

/** What moves a cursor, hides, turns text round or is none. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]+/gu

/**
 * A `User-Agent` (RFC 9110 §10.1.5) as it may be kept and shown: one line of at most 200 characters, cut off where it is
 * longer. Null for none. It may say anything, markup too: who shows it must escape it.
 */
export function userAgentOf(header: string | null): string | null {
  if (header === null) return null
  const text = header.slice(0, LONGEST_USER_AGENT).replace(INVISIBLE, ' ').trim()
  return text === '' ? null : text
}

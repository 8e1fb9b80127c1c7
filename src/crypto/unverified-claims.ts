import type { JwtClaims } from '../protocol/jwt.ts'
import { decodeUnique, splitCompactJws } from './compact-jws.ts'

/** What a JWT says, whoever has signed it; null for what is none. Nothing may be decided by it. */
export function unverifiedClaims(text: string): JwtClaims | null {
  const parts = splitCompactJws(text)
  return parts === null ? null : decodeUnique(parts.payload)
}

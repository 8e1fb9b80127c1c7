import { hash } from 'node:crypto'
import { createKeyedDigest } from './keyed-digest.ts'

/** As many bits as two different texts need so that nobody finds any with the same digest. */
const CHARACTERS = 43

/**
 * Of a record of the audit log: what only somebody with the key can compute, as 256 bits in base64url. RangeError for a
 * key that has not 32 bytes. The text is long, so its SHA-256 is what is authenticated.
 */
export function createAuditDigest(key: Uint8Array): (text: string) => string {
  const keyed = createKeyedDigest(key)
  return (text) => keyed(hash('sha256', text, 'base64url')).slice(0, CHARACTERS)
}

import type { Requester } from './bounded-queue.ts'
import { sameBytes, sha256 } from './digest.ts'
import type { Passwords } from './password.ts'

const PREFIX = 'sha256:'

/**
 * `sha256:<base64url>`. Right only for secrets nobody can guess (`isStrongSecret`): one check costs 0.3 µs, for
 * the server as for somebody who stole the digest. For others see `prepareClientSecret`.
 */
export function hashClientSecret(secret: string): string {
  return PREFIX + Buffer.from(sha256(secret)).toString('base64url')
}

/**
 * What to store for a secret that somebody chose: SHA-256 if it is strong, else a slow password hash.
 * Refuses with `temporarily_unavailable` when too many hashes wait; throws an Error for a weak secret over 256 bytes.
 */
export async function prepareClientSecret(secret: string, passwords: Passwords): Promise<string> {
  return isStrongSecret(secret) ? hashClientSecret(secret) : passwords.hash(secret)
}

/**
 * Whether a presented secret is the stored one. A SHA-256 digest answers at once; bcrypt and argon2 forms wait for the
 * password hasher, which may refuse with `temporarily_unavailable`.
 */
export function verifyClientSecret(
  stored: string,
  presented: string,
  passwords: Passwords,
  requester?: Requester,
): Promise<boolean> | boolean {
  if (!isSlowClientSecret(stored)) return strongClientSecretCheck(presented)(stored)
  return passwords.verify(stored, presented, requester).then((answer) => answer !== 'mismatch')
}

/**
 * What tells of stored secrets whether the presented one is meant, in a time that does not depend on them; of those that
 * are not stored as SHA-256, no. Hashes once, however many it is asked of.
 */
export function strongClientSecretCheck(presented: string): (stored: string) => boolean {
  const digest = sha256(presented)
  return (stored) =>
    !isSlowClientSecret(stored) && sameBytes(Buffer.from(stored.slice(PREFIX.length), 'base64url'), digest)
}

/** Whether to verify a secret against what is stored costs milliseconds, not a part of a microsecond. */
export function isSlowClientSecret(stored: string): boolean {
  return !stored.startsWith(PREFIX)
}

/** Whether a secret that was just verified against a slow hash may be stored as SHA-256 from now on. */
export function clientSecretNeedsUpgrade(stored: string, presented: string): boolean {
  return isSlowClientSecret(stored) && isStrongSecret(presented)
}

/**
 * Whether a secret looks random enough for a fast hash: 32 characters or more, 10 different ones, and not one piece
 * repeated. 32 random hexadecimal digits (128 bits) pass.
 */
export function isStrongSecret(secret: string): boolean {
  return secret.length >= 32 && new Set(secret).size >= 10 && !isRepeatedPiece(secret)
}

function isRepeatedPiece(text: string): boolean {
  // The length is an operator's to choose, so the work is bounded: a long piece repeated is long enough as it is.
  const longest = Math.min(text.length / 2, 32)
  for (let piece = 1; piece <= longest; piece++) {
    if (text.startsWith(text.slice(piece))) return true
  }
  return false
}

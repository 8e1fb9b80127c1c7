import { hash } from 'node:crypto'
import { MAX_JWT_LENGTH } from '../protocol/token-size.ts'
import { type VerifiedJwt, type VerifyKey, verifyJwt } from './jws.ts'
import { createLatestEntries } from './latest-entries.ts'

/** Verifies the tokens that some keys signed; for other keys there is another one. */
export interface JwtVerifier {
  readonly keys: readonly VerifyKey[]
  /** As `verifyJwt`, but the signature of a token is computed once as long as it is among the latest. */
  verify(text: string): VerifiedJwt | null
}

/** About 1 KiB each. */
const REMEMBERED = 4096

/**
 * Whether a signature is right depends on the keys and the text alone, and resource servers show the same token again
 * and again. What is not right is not remembered, so that nobody else has a say in what is. Tokens are credentials:
 * the memory has their digests and claims only.
 */
export function createJwtVerifier(keys: readonly VerifyKey[], remembered = REMEMBERED): JwtVerifier {
  const verified = createLatestEntries<VerifiedJwt>(remembered)
  return {
    keys,
    verify(text) {
      if (text.length > MAX_JWT_LENGTH) return null
      const digest = hash('sha256', text, 'base64url')
      const known = verified.get(digest)
      if (known !== undefined) return known
      const jwt = verifyJwt(text, keys)
      if (jwt !== null) verified.set(digest, jwt)
      return jwt
    },
  }
}

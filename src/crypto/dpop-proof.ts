import type { ClientJwk } from '../protocol/client-jwks.ts'
import {
  ASSERTION_ALGORITHMS,
  algorithmsOf,
  clientJwksProblems,
  toClientJwks,
} from '../protocol/client-jwks.ts'
import { OAuthError } from '../protocol/errors.ts'
import type { JwtClaims } from '../protocol/jwt.ts'
import { isSignedBy } from './client-assertion.ts'
import {
  decodeCanonical,
  decodeUnique,
  hasExtensions,
  signingInputOf,
  splitCompactJws,
} from './compact-jws.ts'
import { sha256 } from './digest.ts'

/** A JWT by which somebody has proved to have a key (RFC 9449 §4.2). For what and when is the caller's to check. */
export interface DpopProof {
  /** Thumbprint of the key (RFC 7638, SHA-256): 43 characters. */
  readonly jkt: string
  readonly claims: JwtClaims
}

const TYPE = 'dpop+jwt'

/** Other places a key could be taken from (RFC 7515 §4.1): who reads one of them would look at another key. */
const OTHER_KEYS = ['jku', 'x5u', 'x5c']

/**
 * Reads and verifies a proof: a JWS in canonical compact form without repeated members or extensions, of the type
 * `dpop+jwt`, signed by the public key in its header with an algorithm of ours. Throws `invalid_dpop_proof`. Costs what
 * `isSignedBy` does; keys are not kept: most are seen once an hour, and to read one is a sixth of the work at most.
 */
export function verifyDpopProof(text: string): DpopProof {
  const parts = splitCompactJws(text)
  const header = parts && decodeUnique(parts.header)
  const claims = parts && decodeUnique(parts.payload)
  const signature = parts && decodeCanonical(parts.signature)
  if (header === null || claims === null || signature === null || hasExtensions(header)) {
    throw refused('dpop_proof_malformed')
  }
  if (typeof header.typ !== 'string' || header.typ.toLowerCase() !== TYPE) throw refused('dpop_proof_type')
  const algorithm = ASSERTION_ALGORITHMS.find((name) => name === header.alg)
  if (algorithm === undefined) throw refused('dpop_proof_algorithm')
  const key = keyOf(header)
  if (key === null || !algorithmsOf(key).includes(algorithm)) throw refused('dpop_proof_key')
  if (!isSignedBy({ algorithm, input: signingInputOf(text), signature }, key))
    throw refused('dpop_proof_signature')
  return { jkt: thumbprintOf(key), claims }
}

/** The public key in the header, if it is a good one and the only one. */
function keyOf(header: Readonly<Record<string, unknown>>): ClientJwk | null {
  if (OTHER_KEYS.some((name) => name in header)) return null
  const set = { keys: [header.jwk] }
  if (clientJwksProblems(set).length > 0) return null
  const [key] = toClientJwks(set).keys
  return key === undefined || isPadded(key) ? null : key
}

/** RFC 7518 §6.3.1: numbers have no more octets than they need; else one key had many thumbprints. */
function isPadded({ n = '', e = '' }: ClientJwk): boolean {
  const startsWithZero = /^A[A-P]/
  return startsWithZero.test(n) || startsWithZero.test(e)
}

/** In lexicographic order, as RFC 7638 §3.3 wants them; of RFC 8037 §2 for Ed25519. */
const THUMBPRINT_MEMBERS: Readonly<Record<ClientJwk['kty'], readonly (keyof ClientJwk)[]>> = {
  EC: ['crv', 'kty', 'x', 'y'],
  OKP: ['crv', 'kty', 'x'],
  RSA: ['e', 'kty', 'n'],
}

function thumbprintOf(key: ClientJwk): string {
  const members = THUMBPRINT_MEMBERS[key.kty].map((name) => [name, key[name]])
  return Buffer.from(sha256(JSON.stringify(Object.fromEntries(members)))).toString('base64url')
}

function refused(reason: string): OAuthError {
  return new OAuthError('invalid_dpop_proof', reason)
}

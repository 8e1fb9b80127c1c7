import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto'
import type { ImportedKeyTerms, JwtClaims, SigningAlgorithm } from '../protocol/jwt.ts'
import { MAX_JWT_LENGTH } from '../protocol/token-size.ts'
import {
  decodeCanonical,
  decodeText,
  hasExtensions,
  parseObject,
  signingInputOf,
  splitCompactJws,
} from './compact-jws.ts'
import { algorithmOf } from './signing-key.ts'

/** A key that signs; made by `loadSigningKey`. */
export interface SigningKey {
  readonly kid: string
  readonly algorithm: SigningAlgorithm
  readonly privateKey: KeyObject
  /** `typ` → the encoded header, for the types Mintkeeper issues. */
  readonly headers: ReadonlyMap<string, string>
}

/** A key that verifies; made by `loadVerifyKey`. */
export interface VerifyKey {
  readonly kid: string
  readonly algorithm: SigningAlgorithm
  readonly publicKey: KeyObject
  /** Absent: our own. */
  readonly imported?: ImportedKeyTerms
}

export interface JwtHeader {
  readonly typ: string
  readonly alg: SigningAlgorithm
  readonly kid: string
}

export interface VerifiedJwt {
  readonly header: JwtHeader
  readonly claims: JwtClaims
  /** Those of the key, if it is another system's. */
  readonly imported?: ImportedKeyTerms
}

/** Types a token of ours can have: the NewStore surface's and RFC 9068's. */
const TYPES: readonly string[] = ['JWT', 'at+jwt']

/** Digest and signature format of each algorithm (RFC 7518 §3.3 and §3.4, RFC 8037 §3.1). */
const DIGEST: Readonly<Record<SigningAlgorithm, string | null>> = {
  RS256: 'sha256',
  ES256: 'sha256',
  EdDSA: null,
}
const ENCODING = 'ieee-p1363'

/** As an affinity or a container's quota has it. */
const HAS_ONE_CORE = navigator.hardwareConcurrency === 1

/** Parses a PKCS #8 private key once, for many signatures. Throws an Error if it is no key for the algorithm. */
export function loadSigningKey(kid: string, algorithm: SigningAlgorithm, pkcs8: Uint8Array): SigningKey {
  const privateKey = createPrivateKey({ key: Buffer.from(pkcs8), format: 'der', type: 'pkcs8' })
  requireAlgorithm(privateKey, kid, algorithm)
  const headers = new Map(TYPES.map((typ) => [typ, encodeHeader(typ, algorithm, kid)]))
  return { kid, algorithm, privateKey, headers }
}

/** Parses a public JWK (an object or its JSON text) once. Throws an Error if it is no key for the algorithm. */
export function loadVerifyKey(
  kid: string,
  algorithm: SigningAlgorithm,
  publicJwk: object | string,
  imported?: ImportedKeyTerms,
): VerifyKey {
  const jwk: object = typeof publicJwk === 'string' ? JSON.parse(publicJwk) : publicJwk
  const publicKey = createPublicKey({ key: { ...jwk }, format: 'jwk' })
  requireAlgorithm(publicKey, kid, algorithm)
  return { kid, algorithm, publicKey, ...(imported !== undefined && { imported }) }
}

/** A JWS in compact form (RFC 7515 §7.1); the header is `typ`, `alg`, `kid`, in this order. */
export async function signJwt(key: SigningKey, typ: string, claims: JwtClaims): Promise<string> {
  const header = key.headers.get(typ) ?? encodeHeader(typ, key.algorithm, key.kid)
  const input = `${header}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}`
  const signature = await signBytes(key, Buffer.from(input, 'latin1'))
  return `${input}.${signature.toString('base64url')}`
}

/**
 * Verifies a token that one of the keys signed; null for everything else, and it never throws. The algorithm is the
 * key's, never the header's. Expiry, issuer and audience are the caller's to check.
 *
 * Node's `verify` and not jose's: it costs 20 to 70 µs of one CPU against jose's 35 to 115 µs, and jose reads
 * base64url leniently, so that one token has many spellings. An ES256 signature still has a second valid value
 * (r, n - s): what revokes a token must go by its `jti` or the part before the last dot, not by its whole text.
 *
 * Ours always name their `kid` and `typ`. Other systems may name neither (RFC 7515 §4.1.4, §4.1.9): without a `kid`
 * all imported keys of the algorithm are tried.
 */
export function verifyJwt(text: string, keys: readonly VerifyKey[]): VerifiedJwt | null {
  const parts = text.length <= MAX_JWT_LENGTH ? splitCompactJws(text) : null
  if (parts === null) return null
  const header = decodeObject(parts.header)
  const candidates = header === null ? [] : keys.filter((key) => fits(key, header))
  const signature = candidates.length === 0 ? null : decodeCanonical(parts.signature)
  if (signature === null) return null
  const input = signingInputOf(text)
  const key = candidates.find((candidate) => verifySignature(candidate, input, signature))
  const claims = key === undefined ? null : decodeObject(parts.payload)
  if (key === undefined || claims === null) return null
  const { kid, algorithm: alg, imported } = key
  const typ = typeof header?.typ === 'string' ? header.typ : 'JWT'
  return { header: { typ, alg, kid }, claims, ...(imported !== undefined && { imported }) }
}

/**
 * Measured on Node 26 with two cores, 16 requests at a time: RS256 needs 220 µs, so it leaves the main thread to
 * others (6,100/s and a loop delay of 4 ms, against 4,400/s and 6 ms); ES256 (18 µs) and EdDSA (25 µs) cost less
 * than the way to a worker thread and back under light load, and the same under heavy load. With one core there is
 * nobody to leave the main thread to, and the way there and back costs 20 µs and more.
 */
async function signBytes(key: SigningKey, input: Buffer): Promise<Buffer> {
  if (key.algorithm !== 'RS256' || HAS_ONE_CORE)
    return sign(DIGEST[key.algorithm], input, { key: key.privateKey, dsaEncoding: ENCODING })
  return new Promise((resolve, reject) => {
    sign(DIGEST.RS256, input, key.privateKey, (error, signature) =>
      error ? reject(error) : resolve(signature),
    )
  })
}

function verifySignature(key: VerifyKey, input: Buffer, signature: Buffer): boolean {
  try {
    return verify(DIGEST[key.algorithm], input, { key: key.publicKey, dsaEncoding: ENCODING }, signature)
  } catch {
    return false
  }
}

/** Whether the key may have signed what has this header. */
function fits(key: VerifyKey, header: Readonly<Record<string, unknown>>): boolean {
  const { kid, typ, alg } = header
  const isOurs = key.imported === undefined
  const isNamed = kid === key.kid || (kid === undefined && !isOurs)
  const isTyped = (typeof typ === 'string' && TYPES.includes(typ)) || (typ === undefined && !isOurs)
  return isNamed && isTyped && alg === key.algorithm && !hasExtensions(header)
}

function encodeHeader(typ: string, algorithm: SigningAlgorithm, kid: string): string {
  return Buffer.from(JSON.stringify({ typ, alg: algorithm, kid })).toString('base64url')
}

/** A JSON object in canonical base64url and valid UTF-8, or null. */
function decodeObject(encoded: string): Readonly<Record<string, unknown>> | null {
  const text = decodeText(encoded)
  return text === null ? null : parseObject(text)
}

function requireAlgorithm(key: KeyObject, kid: string, algorithm: SigningAlgorithm): void {
  if (algorithmOf(key) !== algorithm) throw new Error(`Key ${kid} can not be used for ${algorithm}.`)
}

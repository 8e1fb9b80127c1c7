import { createPublicKey, generateKeyPair, hash, type KeyObject, X509Certificate } from 'node:crypto'
import type { SigningAlgorithm } from '../protocol/jwt.ts'

/** A public key as JWKS publishes it (RFC 7517 §4); the other members depend on `kty`. */
export interface PublicJwk {
  readonly kty: string
  readonly use: 'sig'
  readonly alg: SigningAlgorithm
  readonly kid: string
  readonly [member: string]: unknown
}

export interface GeneratedSigningKey {
  readonly kid: string
  readonly publicJwk: PublicJwk
  /** PKCS #8 DER. Seal it before it is written anywhere. */
  readonly privateKey: Uint8Array
}

export interface ImportedPublicKey {
  readonly kid: string
  readonly algorithm: SigningAlgorithm
  readonly publicJwk: PublicJwk
}

const MIN_RSA_BITS = 2048

/** A new key pair: RSA with 2048 bits, P-256 or Ed25519. The work is done off the main thread (RSA: ~100 ms). */
export async function generateSigningKey(algorithm: SigningAlgorithm): Promise<GeneratedSigningKey> {
  const { publicKey, privateKey } = await generatePair(algorithm)
  const kid = keyIdOf(publicKey)
  return {
    kid,
    publicJwk: publicJwkOf(publicKey, algorithm, kid),
    privateKey: privateKey.export({ format: 'der', type: 'pkcs8' }),
  }
}

/**
 * A public key of another system, to verify its old tokens: a JWK (object or JSON text), or PEM (public key or
 * certificate). The `kid` is the given one, else the JWK's own, else computed: for a certificate from its digest,
 * as Auth0 does. Throws an Error that says what is wrong: a private key, a short or unknown one, an `alg` or `use`
 * that does not fit.
 */
export function importPublicKey(
  source: object | string,
  options: { readonly kid?: string } = {},
): ImportedPublicKey {
  const read = readPublicKey(source)
  const algorithm = algorithmOf(read.publicKey)
  const { alg, use } = read.jwk
  if (alg !== undefined && alg !== algorithm)
    throw new Error(`The key is for ${alg}; only RS256, ES256 and EdDSA are known.`)
  if (use !== undefined && use !== 'sig') throw new Error(`The key's use is ${use}, not sig.`)
  const kid = options.kid ?? read.kid
  return { kid, algorithm, publicJwk: publicJwkOf(read.publicKey, algorithm, kid) }
}

interface ReadKey {
  readonly publicKey: KeyObject
  readonly kid: string
  readonly jwk: Readonly<Record<string, unknown>>
}

function readPublicKey(source: object | string): ReadKey {
  if (typeof source !== 'string') return readJwk({ ...source })
  const text = source.trim()
  if (text.startsWith('{')) return readJwk(parseJson(text))
  if (text.includes('PRIVATE KEY')) throw refusePrivateKey()
  try {
    if (text.includes('BEGIN CERTIFICATE')) {
      const certificate = new X509Certificate(text)
      return {
        publicKey: certificate.publicKey,
        kid: base64(certificate.fingerprint.replaceAll(':', '')),
        jwk: {},
      }
    }
    const publicKey = createPublicKey(text)
    return { publicKey, kid: keyIdOf(publicKey), jwk: {} }
  } catch (cause) {
    throw new Error('The key is neither a PEM public key, a PEM certificate nor a JWK.', { cause })
  }
}

function parseJson(text: string): Readonly<Record<string, unknown>> {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new Error('The JWK is no valid JSON.', { cause })
  }
}

function readJwk(jwk: Readonly<Record<string, unknown>>): ReadKey {
  if ('d' in jwk || 'k' in jwk) throw refusePrivateKey()
  let publicKey: KeyObject
  try {
    publicKey = createPublicKey({ key: { ...jwk }, format: 'jwk' })
  } catch (cause) {
    throw new Error('The JWK is no public key of type RSA, EC or OKP.', { cause })
  }
  return { publicKey, kid: typeof jwk.kid === 'string' && jwk.kid !== '' ? jwk.kid : keyIdOf(publicKey), jwk }
}

function refusePrivateKey(): Error {
  return new Error(
    'The key is a private or symmetric one. Give the public key only, and treat this one as exposed.',
  )
}

function generatePair(algorithm: SigningAlgorithm): Promise<{ publicKey: KeyObject; privateKey: KeyObject }> {
  return new Promise((resolve, reject) => {
    const done = (error: Error | null, publicKey: KeyObject, privateKey: KeyObject): void => {
      if (error) reject(error)
      else resolve({ publicKey, privateKey })
    }
    switch (algorithm) {
      case 'RS256':
        return generateKeyPair('rsa', { modulusLength: MIN_RSA_BITS }, done)
      case 'ES256':
        return generateKeyPair('ec', { namedCurve: 'P-256' }, done)
      case 'EdDSA':
        return generateKeyPair('ed25519', {}, done)
    }
  })
}

/** The one algorithm Mintkeeper uses a key for. Throws an Error for a key it does not know, or one that is too short. */
export function algorithmOf(key: KeyObject): SigningAlgorithm {
  const details = key.asymmetricKeyDetails
  switch (key.asymmetricKeyType) {
    case 'rsa': {
      const bits = details?.modulusLength ?? 0
      // RFC 7518 §3.3: "A key of size 2048 bits or larger MUST be used".
      if (bits < MIN_RSA_BITS)
        throw new Error(`The RSA key has ${bits} bits; ${MIN_RSA_BITS} or more are needed.`)
      return 'RS256'
    }
    case 'ec':
      if (details?.namedCurve === 'prime256v1') return 'ES256'
      break
    case 'ed25519':
      return 'EdDSA'
  }
  throw new Error(
    `A key of type ${key.asymmetricKeyType} ${details?.namedCurve ?? ''} is neither RSA, P-256 nor Ed25519.`,
  )
}

function publicJwkOf(key: KeyObject, algorithm: SigningAlgorithm, kid: string): PublicJwk {
  const { kty, ...members } = key.export({ format: 'jwk' })
  return { kty: String(kty), ...members, use: 'sig', alg: algorithm, kid }
}

/** Base64 of the upper-case hexadecimal SHA-1 of the public key's SPKI DER, as Auth0 made them: 54 characters. */
function keyIdOf(key: KeyObject): string {
  return base64(hash('sha1', key.export({ format: 'der', type: 'spki' }), 'hex').toUpperCase())
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64').replaceAll('=', '')
}

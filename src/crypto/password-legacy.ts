import { hash } from 'node:crypto'
import { bcryptCompare } from './bcrypt.ts'
import { sameBytes } from './digest.ts'

/**
 * Password hashes of other systems, verified as they are. Stored forms:
 *
 * - `$2a$…`, `$2b$…`, `$2y$…`: bcrypt
 * - `bcrypt_pepper:<pepper>::<$2a$…>`: Devise with a pepper, which it appends to the password
 * - `authlogic_sha512:<stretches>[,<stretches>…]:<salt>:<hex>`: Spree; each count is tried
 * - `devise_sha512:<stretches>,<pepper>:<salt>:<hex>`, `devise_sha1:…`: devise-encryptable
 *
 * Peppers are base64url, so that they can hold any character; a salt may hold any, a colon too.
 */
export type LegacyHash =
  | { readonly scheme: 'bcrypt'; readonly hash: string; readonly cost: number; readonly pepper: string }
  | {
      readonly scheme: 'authlogic_sha512'
      readonly stretches: readonly number[]
      readonly salt: string
      readonly digest: string
    }
  | {
      readonly scheme: 'devise_sha512' | 'devise_sha1'
      readonly stretches: number
      readonly pepper: string
      readonly salt: string
      readonly digest: string
    }

/** Spree's users: 20 is Spree's own count, the others come from upgraded and fresh installations. */
const AUTHLOGIC_STRETCHES: readonly number[] = [20, 12, 10, 1]

/** About 1 ms on the main thread; real installations have 1 to 20. */
const MAX_STRETCHES = 1000

/** 2^16 rounds are four seconds; a row that asks for more would only block the others. */
const MAX_BCRYPT_COST = 16

const BCRYPT = /^\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}$/
const SCHEME = /^(bcrypt_pepper|authlogic_sha512|devise_sha512|devise_sha1):([\w,-]*):([\s\S]*):([^:]+)$/
const HEX: Readonly<Record<string, RegExp>> = { sha1: /^[0-9a-f]{40}$/, sha512: /^[0-9a-f]{128}$/ }

/** Reads a stored form; null for one that is not known, is not complete, or asks for absurd work. */
export function parseLegacyHash(stored: string): LegacyHash | null {
  if (stored.startsWith('$2')) return bcryptHash(stored, '')
  const [, scheme, parameters = '', salt = '', digest = ''] = SCHEME.exec(stored) ?? []
  switch (scheme) {
    case 'bcrypt_pepper':
      return bcryptHash(digest, decode(parameters))
    case 'authlogic_sha512': {
      const stretches = parameters.split(',').map(stretchesOf)
      return stretches.length <= 8 && stretches.every((count) => count > 0) && HEX.sha512?.test(digest)
        ? { scheme, stretches, salt, digest }
        : null
    }
    case 'devise_sha512':
    case 'devise_sha1': {
      const [count = '', pepper = ''] = parameters.split(',')
      const stretches = stretchesOf(count)
      return stretches > 0 && HEX[scheme.slice(7)]?.test(digest)
        ? { scheme, stretches, pepper: decode(pepper), salt, digest }
        : null
    }
    default:
      return null
  }
}

/** Whether the password fits. bcrypt runs on a worker thread; the others take microseconds, on the main thread. */
export async function verifyLegacyHash(legacy: LegacyHash, password: string): Promise<boolean> {
  switch (legacy.scheme) {
    case 'bcrypt':
      // Only the first 72 bytes count, as in every bcrypt: passwords longer than that were stored so.
      return bcryptCompare(password + legacy.pepper, legacy.hash)
    case 'authlogic_sha512': {
      const { salt, digest } = legacy
      return legacy.stretches.some((count) => sameText(authlogicDigest(password, salt, count), digest))
    }
    default: {
      const name = legacy.scheme === 'devise_sha1' ? 'sha1' : 'sha512'
      return sameText(
        deviseDigest(name, password, legacy.salt, legacy.pepper, legacy.stretches),
        legacy.digest,
      )
    }
  }
}

/** Writes the stored form of another system's hash. Throws an Error for one that could never be verified. */
export const legacyPasswordHash = {
  /** bcrypt as Devise, Auth0 and Doorkeeper store it; with the pepper that was in Devise's configuration, if any. */
  bcrypt(encrypted: string, pepper: string | null = null): string {
    return checked(pepper ? `bcrypt_pepper:${encode(pepper)}::${encrypted}` : encrypted)
  },
  /** Spree's default. Its users are spread over several stretches, unless the shop's own is known. */
  authlogicSha512(
    encrypted: string,
    salt: string,
    stretches: readonly number[] = AUTHLOGIC_STRETCHES,
  ): string {
    return checked(`authlogic_sha512:${stretches.join(',')}:${salt}:${encrypted.toLowerCase()}`)
  },
  deviseSha512(encrypted: string, salt: string, stretches: number, pepper: string | null = null): string {
    return checked(`devise_sha512:${stretches},${encode(pepper ?? '')}:${salt}:${encrypted.toLowerCase()}`)
  },
  deviseSha1(encrypted: string, salt: string, stretches: number, pepper: string | null = null): string {
    return checked(`devise_sha1:${stretches},${encode(pepper ?? '')}:${salt}:${encrypted.toLowerCase()}`)
  },
}

function checked(stored: string): string {
  if (parseLegacyHash(stored) === null) throw new Error('The password hash has no known form.')
  return stored
}

function bcryptHash(text: string, pepper: string): LegacyHash | null {
  const cost = Number(BCRYPT.exec(text)?.[1] ?? Number.NaN)
  return cost >= 4 && cost <= MAX_BCRYPT_COST ? { scheme: 'bcrypt', hash: text, cost, pepper } : null
}

function authlogicDigest(password: string, salt: string, stretches: number): string {
  let digest = password + salt
  for (let round = 0; round < stretches; round++) digest = hash('sha512', digest, 'hex')
  return digest
}

function deviseDigest(
  name: string,
  password: string,
  salt: string,
  pepper: string,
  stretches: number,
): string {
  let digest = pepper
  for (let round = 0; round < stretches; round++) {
    digest = hash(name, `--${salt}--${digest}--${password}--${pepper}--`, 'hex')
  }
  return digest
}

function sameText(a: string, b: string): boolean {
  return sameBytes(Buffer.from(a), Buffer.from(b))
}

function stretchesOf(text: string): number {
  return /^\d{1,4}$/.test(text) && Number(text) <= MAX_STRETCHES ? Number(text) : 0
}

function encode(text: string): string {
  return Buffer.from(text).toString('base64url')
}

function decode(text: string): string {
  return Buffer.from(text, 'base64url').toString()
}

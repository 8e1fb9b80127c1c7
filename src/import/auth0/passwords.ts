import { legacyPasswordHash } from '../../crypto/password-legacy.ts'
import { isObject } from '../json-records.ts'
import { Unreadable } from '../unreadable.ts'

type Members = Readonly<Record<string, unknown>>

/**
 * The password hash of a user as Auth0 has it, in a form that can be verified here; null: there is none. `password_hash`
 * and `custom_password_hash` are of the format for bulk imports, `passwordHash` of the export by Auth0's support. Throws
 * `Unreadable` that names the algorithm for what can not be verified, and never quotes a hash.
 */
export function passwordHashOf(user: Members): string | null {
  const { password_hash: plain, passwordHash: exported, custom_password_hash: custom } = user
  const bcrypt = plain ?? exported ?? null
  if (bcrypt !== null && custom != null)
    throw new Unreadable(
      'has both password_hash and custom_password_hash: one of them counts, nobody knows which',
    )
  if (bcrypt !== null) return bcryptHash(bcrypt)
  return custom == null ? null : customHash(custom)
}

function customHash(custom: unknown): string {
  if (!isObject(custom) || typeof custom.algorithm !== 'string' || !isObject(custom.hash))
    throw new Unreadable('has a custom_password_hash without algorithm or hash')
  const { algorithm, hash } = custom
  if (typeof hash.value !== 'string')
    throw new Unreadable(`has a password hash of ${nameOf(algorithm)} without value`)
  switch (algorithm) {
    case 'bcrypt':
      requireSelfContained(custom, algorithm)
      return bcryptHash(hash.value)
    case 'argon2':
      requireSelfContained(custom, algorithm)
      if (!hash.value.startsWith('$argon2'))
        throw new Unreadable('has a password hash of argon2 that is no PHC string')
      return hash.value
    case 'sha512':
      return sha512Hash(custom, hash, hash.value)
    default:
      throw new Unreadable(`has a password hash of ${nameOf(algorithm)}, which can not be verified here`)
  }
}

function bcryptHash(value: unknown): string {
  if (typeof value !== 'string') throw new Unreadable('has a password hash of bcrypt that is no text')
  try {
    return legacyPasswordHash.bcrypt(value)
  } catch (cause) {
    throw new Unreadable('has a password hash of bcrypt that is damaged, or costs more than 16', { cause })
  }
}

/** Their values hold salt and all: what stands beside them was done to the password besides. */
function requireSelfContained({ salt, password }: Members, algorithm: string): void {
  if (salt != null)
    throw new Unreadable(
      `has a password hash of ${algorithm} with another salt, which can not be verified here`,
    )
  requirePlainPassword(password, algorithm)
}

/** As Spree's own with one round: SHA-512 of the password and the salt after it. */
function sha512Hash({ salt, password, keylen }: Members, hash: Members, value: string): string {
  requirePlainPassword(password, 'sha512')
  if (keylen != null)
    throw new Unreadable('has a password hash of sha512 with a keylen, which can not be verified here')
  const digest = decoded(value, hash.encoding, 'the hash')
  const text = saltAfter(salt)
  if (digest.length !== 64) throw new Unreadable('has a password hash of sha512 that is damaged')
  return legacyPasswordHash.authlogicSha512(digest.toString('hex'), text, [1])
}

function saltAfter(salt: unknown): string {
  if (salt == null) return ''
  if (!isObject(salt) || typeof salt.value !== 'string') throw new Unreadable('has a salt without value')
  if (salt.position !== 'suffix')
    throw new Unreadable(
      'has a password hash of sha512 with the salt before the password, which can not be verified here',
    )
  const bytes = decoded(salt.value, salt.encoding, 'the salt')
  const text = bytes.toString('utf8')
  if (!Buffer.from(text).equals(bytes))
    throw new Unreadable(
      'has a password hash of sha512 with a salt that is no text, which can not be verified here',
    )
  return text
}

/** What a hash was made of: here always the UTF-8 bytes of the password. */
function requirePlainPassword(password: unknown, algorithm: string): void {
  const encoding = isObject(password) ? (password.encoding ?? 'utf8') : 'utf8'
  if (encoding !== 'utf8' && encoding !== 'ascii')
    throw new Unreadable(
      `has a password hash of ${algorithm} of a password that is not in UTF-8, which can not be verified here`,
    )
}

function decoded(value: string, encoding: unknown, what: string): Buffer {
  switch (encoding ?? 'utf8') {
    case 'hex':
      return exactly(
        Buffer.from(value, 'hex'),
        (bytes) => bytes.toString('hex') === value.toLowerCase(),
        what,
      )
    case 'base64':
      return exactly(Buffer.from(value, 'base64'), (bytes) => sameBase64(bytes, value), what)
    case 'utf8':
      return Buffer.from(value)
    default:
      throw new Unreadable(`has a password hash of sha512 with ${what} in an unknown encoding`)
  }
}

function exactly(bytes: Buffer, isSame: (bytes: Buffer) => boolean, what: string): Buffer {
  if (!isSame(bytes))
    throw new Unreadable(`has a password hash of sha512 with ${what} in another encoding than it says`)
  return bytes
}

function sameBase64(bytes: Buffer, value: string): boolean {
  const encoded = bytes.toString('base64')
  return value === encoded || value === encoded.replaceAll('=', '')
}

/** As it stands there, unless it is no name: then it may be anything. */
function nameOf(algorithm: string): string {
  return /^[\w-]{1,20}$/.test(algorithm) ? algorithm : 'an unknown algorithm'
}

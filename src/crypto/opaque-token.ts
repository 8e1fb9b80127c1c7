import type { KeyedDigest } from './keyed-digest.ts'
import type { Random } from './random.ts'

/**
 * An opaque token is its row's key in 9 base64url characters (the selector, which finds the row) and random or
 * derived characters (the secret, of which only a digest is stored).
 */
const SELECTOR_LENGTH = 9

/** 27 characters after the selector are 162 bits (RFC 6749 §10.10 asks for 160 at least). */
const MIN_LENGTH = SELECTOR_LENGTH + 27

/** Half of what a keyed digest gives. */
const MAX_SECRET_LENGTH = 43
const MAX_LENGTH = SELECTOR_LENGTH + MAX_SECRET_LENGTH

/** 22 characters are 132 bits: a jti is never guessed, and never drawn twice. */
const JWT_ID_LENGTH = 22

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const TOKEN = /^[A-Za-z0-9_-]+$/
const KEYED_JWT_ID = /^[A-Za-z0-9_-]{9}\.[A-Za-z0-9_-]{22}$/

const TWO_TO_24 = 2 ** 24

/** A token for a row's key (0 … 2^53 - 1), `length` (36 … 52) characters long. RangeError for others. */
export function createOpaqueToken(key: number, length: number, random: Random): string {
  requireLength(length)
  return selectorOf(key) + random.text(length - SELECTOR_LENGTH)
}

/**
 * The key that a token carries, or null for anything that can't be one of ours. It proves nothing: the row's digest
 * must match too. Tokens imported from other systems often carry a key by chance: look them up by digest as well.
 */
export function tokenKeyOf(text: string): number | null {
  if (text.length < MIN_LENGTH || text.length > MAX_LENGTH || !TOKEN.test(text)) return null
  return keyOfSelector(text)
}

/** What follows a spent refresh token. */
export interface Successors {
  /** An opaque access token, or the `jti` of a JWT. */
  readonly access: string
  readonly refresh: string
}

/**
 * The tokens that follow `parent`: whoever has the parent, the successor's key and the rotation key computes the
 * same ones again, so a lost answer can be repeated though only digests are stored.
 */
export function deriveSuccessors(
  key: number,
  length: number,
  format: 'jwt' | 'opaque',
  parent: string,
  rotationKey: KeyedDigest,
): Successors {
  requireLength(length)
  const selector = selectorOf(key)
  // With the selector, so that two successors of one parent never share a secret; with the format, so that no `jti`,
  // which is no secret, tells anything about an opaque token.
  const derived = rotationKey(`${format}\0${selector}${parent}`)
  const secretLength = length - SELECTOR_LENGTH
  return {
    access:
      format === 'jwt'
        ? keyedJwtId(selector, derived.slice(0, JWT_ID_LENGTH))
        : selector + derived.slice(0, secretLength),
    refresh: selector + derived.slice(MAX_SECRET_LENGTH, MAX_SECRET_LENGTH + secretLength),
  }
}

/** A `jti` (RFC 7519 §4.1.7): with a key it is 9 + 1 + 22 characters and names the row, without one 22 random ones. */
export function createJwtId(key: number | null, random: Random): string {
  const unique = random.text(JWT_ID_LENGTH)
  return key === null ? unique : keyedJwtId(selectorOf(key), unique)
}

/** The key that a `jti` carries, or null if it carries none. */
export function tokenKeyOfJwtId(jti: string): number | null {
  return KEYED_JWT_ID.test(jti) ? keyOfSelector(jti) : null
}

function keyedJwtId(selector: string, unique: string): string {
  return `${selector}.${unique}`
}

/** 54 bits, the highest first. */
function selectorOf(key: number): string {
  if (!Number.isSafeInteger(key) || key < 0)
    throw new RangeError('A token key is an integer of 0 … 2^53 - 1.')
  const high = Math.floor(key / TWO_TO_24)
  const low = key % TWO_TO_24
  const top = Math.floor(high / TWO_TO_24)
  return character(top) + fourCharacters(high % TWO_TO_24) + fourCharacters(low)
}

function fourCharacters(bits: number): string {
  return character(bits >> 18) + character(bits >> 12) + character(bits >> 6) + character(bits)
}

function character(bits: number): string {
  return ALPHABET.charAt(bits & 63)
}

/** The text starts with 9 base64url characters. Null for a number that is not exact in JavaScript. */
function keyOfSelector(text: string): number | null {
  let key = 0
  for (let index = 0; index < SELECTOR_LENGTH; index++) key = key * 64 + bitsOf(text.charCodeAt(index))
  // 54 bits: the upper half of them is above 2^53, where neighbours fall together, so nothing may compare them.
  return key <= Number.MAX_SAFE_INTEGER ? key : null
}

function bitsOf(code: number): number {
  if (code >= 97) return code - 71 // a-z
  if (code === 95) return 63 // _
  if (code >= 65) return code - 65 // A-Z
  if (code >= 48) return code + 4 // 0-9
  return 62 // -
}

function requireLength(length: number): void {
  if (!Number.isInteger(length) || length < MIN_LENGTH || length > MAX_LENGTH) {
    throw new RangeError(`An opaque token has ${MIN_LENGTH} to ${MAX_LENGTH} characters.`)
  }
}

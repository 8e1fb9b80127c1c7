import type { Random } from './random.ts'
import type { RotationKey } from './rotation-key.ts'

/**
 * An opaque token is its row's key in 9 base64url characters (the selector, which finds the row) and random or
 * derived characters (the secret, of which only a digest is stored).
 */
const SELECTOR_LENGTH = 9

/** 27 characters after the selector are 162 bits (RFC 6749 §10.10 asks for 160 at least). */
const MIN_LENGTH = SELECTOR_LENGTH + 27

/** What one HMAC-SHA256 gives: 43 characters. */
const MAX_LENGTH = SELECTOR_LENGTH + 43

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

/**
 * The token that follows `parent`: whoever has the parent, the successor's key and the rotation key computes the
 * same one again, so a lost answer can be repeated though only digests are stored.
 */
export function deriveOpaqueToken(
  key: number,
  length: number,
  purpose: 'access' | 'refresh',
  parent: string,
  rotationKey: RotationKey,
): string {
  requireLength(length)
  const selector = selectorOf(key)
  return selector + derive(purpose, selector, parent, rotationKey).slice(0, length - SELECTOR_LENGTH)
}

/** A `jti` (RFC 7519 §4.1.7): with a key it is 9 + 1 + 22 characters and names the row, without one 22 random ones. */
export function createJwtId(key: number | null, random: Random): string {
  const unique = random.text(JWT_ID_LENGTH)
  return key === null ? unique : `${selectorOf(key)}.${unique}`
}

/** The `jti` of the JWT that follows `parent`; the same each time, as with `deriveOpaqueToken`. */
export function deriveJwtId(key: number, parent: string, rotationKey: RotationKey): string {
  const selector = selectorOf(key)
  return `${selector}.${derive('jti', selector, parent, rotationKey).slice(0, JWT_ID_LENGTH)}`
}

/** The key that a `jti` carries, or null if it carries none. */
export function tokenKeyOfJwtId(jti: string): number | null {
  return KEYED_JWT_ID.test(jti) ? keyOfSelector(jti) : null
}

/**
 * 43 characters. The selector is part of the input, so that two successors of one parent (policy `keep` refreshes
 * many times with the same token) never share their secret.
 */
function derive(purpose: string, selector: string, parent: string, rotationKey: RotationKey): string {
  return rotationKey(`${purpose}\0${selector}${parent}`)
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

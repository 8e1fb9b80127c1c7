import { crc32 } from 'node:zlib'
import type { Random } from './random.ts'

/** What secret scanners look for. */
const PREFIX = 'mkcs_'

const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

const RANDOM_DIGITS = 43
const CHECK_DIGITS = 6

/** In characters. */
export const CLIENT_SECRET_LENGTH = PREFIX.length + RANDOM_DIGITS + CHECK_DIGITS

const FORM = new RegExp(`^${PREFIX}[0-9A-Za-z]{${RANDOM_DIGITS + CHECK_DIGITS}}$`)

/**
 * A client secret: `mkcs_`, 256 random bits as 43 digits of base 62, and the CRC-32 of all that as 6 more. Whoever
 * finds one in a file knows what it is, and can tell it from text that only looks like it without asking anybody.
 */
export function createClientSecret(random: Random): string {
  const text = PREFIX + base62(BigInt(`0x${Buffer.from(random.bytes(32)).toString('hex')}`), RANDOM_DIGITS)
  return text + checkOf(text)
}

/** Whether a text was meant to be a secret made here, and has lost or changed a character since. */
export function isDamagedClientSecret(text: string): boolean {
  if (!text.startsWith(PREFIX)) return false
  return !FORM.test(text) || checkOf(text.slice(0, -CHECK_DIGITS)) !== text.slice(-CHECK_DIGITS)
}

function checkOf(text: string): string {
  return base62(BigInt(crc32(text)), CHECK_DIGITS)
}

function base62(number: bigint, digits: number): string {
  let text = ''
  for (let rest = number; text.length < digits; rest /= 62n) text = DIGITS[Number(rest % 62n)] + text
  return text
}

import { hash } from 'node:crypto'

/**
 * What only somebody with the key can compute of a text: 512 bits, as 86 base64url characters. The first 43 tell
 * nothing about the others.
 */
export type KeyedDigest = (text: string) => string

const KEY_BYTES = 32

/**
 * RangeError for a key that has not 32 bytes.
 *
 * SHA3-512 of the key in base64url and the text in UTF-8. SHA-2 would need HMAC around it, since from a digest those
 * of longer texts can be computed; from one of a sponge they can not ("Cryptographic sponge functions", §5.11.2).
 */
export function createKeyedDigest(key: Uint8Array): KeyedDigest {
  if (key.length !== KEY_BYTES) throw new RangeError(`The key of a digest has ${KEY_BYTES} bytes.`)
  // Always as long, so that no other key and text make the same input.
  const prefix = Buffer.from(key).toString('base64url')
  return (text) => hash('sha3-512', prefix + text, 'base64url')
}

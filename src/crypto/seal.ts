import {
  createCipheriv,
  createDecipheriv,
  createSecretKey,
  hkdfSync,
  type KeyObject,
  randomBytes,
} from 'node:crypto'

/** The secret that all other secrets of an installation are sealed with or derived from. Printing it shows nothing. */
export interface MasterKey {
  readonly secret: KeyObject
}

// A sealed value: version (1 byte), which master key (4), nonce (12), ciphertext, tag (16).
const VERSION = 1
const KEY_ID_BYTES = 4
const NONCE_BYTES = 12
const TAG_BYTES = 16
const HEADER_BYTES = 1 + KEY_ID_BYTES + NONCE_BYTES

const MIN_KEY_BYTES = 32

/**
 * A master key from 32 bytes or more, or their text in hexadecimal, base64 or base64url.
 * Throws an Error for what is shorter or is no such text.
 */
export function createMasterKey(key: Uint8Array | string): MasterKey {
  const bytes = typeof key === 'string' ? decodeKey(key.trim()) : key
  if (bytes === null || bytes.byteLength < MIN_KEY_BYTES) {
    throw new Error(
      `A master key is ${MIN_KEY_BYTES} bytes or more, as hexadecimal or base64 text. Make one with: openssl rand -base64 32`,
    )
  }
  return { secret: createSecretKey(bytes) }
}

/** 32 bytes for one purpose, by HKDF-SHA256 (RFC 5869): the same on every node that has the master key. */
export function deriveKey(masterKey: MasterKey, purpose: string): Buffer {
  return expand(masterKey, `mintkeeper purpose ${purpose}`)
}

/**
 * Encrypts with AES-256-GCM under a random nonce. Whoever opens it must name the same context (such as the tenant
 * and `kid`), so that a sealed value can not be moved to another row.
 */
export function seal(masterKey: MasterKey, plaintext: Uint8Array, context: string): Uint8Array {
  const nonce = randomBytes(NONCE_BYTES)
  const header = Buffer.concat([Buffer.of(VERSION), masterKeyId(masterKey), nonce])
  const cipher = createCipheriv('aes-256-gcm', expand(masterKey, 'mintkeeper seal'), nonce)
  cipher.setAAD(associatedData(header, context))
  return Buffer.concat([header, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()])
}

/** Opens what `seal` made. Throws an Error that tells another master key from damage or another context. */
export function unseal(masterKey: MasterKey, sealed: Uint8Array, context: string): Uint8Array {
  const bytes = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength)
  if (bytes.length < HEADER_BYTES + TAG_BYTES || bytes[0] !== VERSION) {
    throw new Error(
      `The sealed value for ${context} is damaged, or was made by a newer version of Mintkeeper.`,
    )
  }
  if (!masterKeyId(masterKey).equals(bytes.subarray(1, 1 + KEY_ID_BYTES))) {
    throw new Error(
      `The sealed value for ${context} was sealed with another master key. Start with the key it was made with.`,
    )
  }
  const header = bytes.subarray(0, HEADER_BYTES)
  const nonce = header.subarray(1 + KEY_ID_BYTES)
  const decipher = createDecipheriv('aes-256-gcm', expand(masterKey, 'mintkeeper seal'), nonce, {
    authTagLength: TAG_BYTES,
  })
  decipher.setAAD(associatedData(header, context))
  decipher.setAuthTag(bytes.subarray(-TAG_BYTES))
  try {
    return Buffer.concat([decipher.update(bytes.subarray(HEADER_BYTES, -TAG_BYTES)), decipher.final()])
  } catch (cause) {
    throw new Error(`The sealed value for ${context} is damaged, or belongs to something else.`, { cause })
  }
}

function expand(masterKey: MasterKey, info: string): Buffer {
  return Buffer.from(hkdfSync('sha256', masterKey.secret, '', info, 32))
}

/** Tells master keys apart and nothing about them. */
function masterKeyId(masterKey: MasterKey): Buffer {
  return expand(masterKey, 'mintkeeper key id').subarray(0, KEY_ID_BYTES)
}

function associatedData(header: Buffer, context: string): Buffer {
  return Buffer.concat([header, Buffer.from(context)])
}

function decodeKey(text: string): Buffer | null {
  if (/^(?:[0-9a-f]{2})+$/i.test(text)) return Buffer.from(text, 'hex')
  // `Buffer.from` reads both alphabets, and would skip whatever is in neither.
  return /^[A-Za-z0-9+/_-]+={0,2}$/.test(text) ? Buffer.from(text, 'base64') : null
}

import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { reasonOf } from '../config/secret-files.ts'
import { type ImportedPublicKey, importPublicKey } from '../crypto/signing-key.ts'
import { CommandFailed, usageFailure } from './failure.ts'

/** What a file with public keys holds. */
export interface PublicKeyFile {
  readonly keys: readonly ImportedPublicKey[]
  /** How many keys of a JWK Set sign nothing, but are there to encrypt. */
  readonly ofOtherUse: number
}

const MAX_KEYS = 20

/**
 * Public keys: PEM (one public key or certificate), a JWK, or a JWK Set (RFC 7517 §5) as another server publishes it. The
 * `kid` is for what has one key. Throws `CommandFailed`, also if one of the keys is none that can verify here.
 */
export function readPublicKeys(file: string, kid: string | undefined): PublicKeyFile {
  const path = resolve(file)
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (thrown) {
    throw new CommandFailed(`The file can not be read: ${path} (${reasonOf(thrown)}).`)
  }
  const members = membersOfSet(text)
  if (members === null) return { keys: [read(text, kid, 'The key')], ofOtherUse: 0 }
  const signing = members.filter(({ use }) => use === undefined || use === 'sig')
  if (signing.length === 0) throw new CommandFailed('The JWK Set has no key that signs.')
  if (signing.length > MAX_KEYS) throw new CommandFailed(`The JWK Set has more than ${MAX_KEYS} keys.`)
  if (kid !== undefined && signing.length > 1)
    throw usageFailure('--kid is for a file with one key: the keys of a JWK Set have their own.')
  return {
    keys: signing.map((key, index) => read(key, kid, `Key ${index + 1} of the JWK Set`)),
    ofOtherUse: members.length - signing.length,
  }
}

/** Null: it is no JWK Set. */
function membersOfSet(text: string): readonly Readonly<Record<string, unknown>>[] | null {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return null
  }
  if (typeof value !== 'object' || value === null || !('keys' in value)) return null
  const { keys } = value
  if (!Array.isArray(keys) || keys.some((key) => typeof key !== 'object' || key === null))
    throw new CommandFailed('The "keys" of the JWK Set are no list of keys.')
  return keys
}

function read(source: object | string, kid: string | undefined, what: string): ImportedPublicKey {
  try {
    return importPublicKey(source, kid === undefined ? {} : { kid })
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message : String(thrown)
    throw new CommandFailed(`${what} can not be used. ${reason}`)
  }
}

import { randomBytes } from 'node:crypto'
import {
  closeSync,
  constants,
  copyFileSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { createMasterKey, type MasterKey } from './seal.ts'

/** Where the master key comes from: the first that is set. */
export interface MasterKeySource {
  /** The key itself: 32 bytes or more in hexadecimal, base64 or base64url. */
  readonly value?: string
  /** A file that holds such a text. It must exist. */
  readonly file?: string
  /** The same, but the file is made, readable for its owner only, if there is none. */
  readonly generateAt?: string
}

/** File systems that know no hard links say one of these. */
const NO_HARD_LINKS: readonly unknown[] = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK']

/**
 * The master key. Processes that start at once and find no file agree on one. Throws an Error that tells the operator
 * what to do: nothing given, both a value and a file, unreadable, too short.
 */
export function loadMasterKey(source: MasterKeySource): MasterKey {
  const { value, file, generateAt } = source
  if (value !== undefined && file !== undefined) {
    throw new Error('The master key is given twice, as a value and as a file. Remove one of them.')
  }
  if (value !== undefined) return createMasterKey(value)
  if (file !== undefined) return readKeyFile(file)
  if (generateAt === undefined) {
    throw new Error('There is no master key. Make one with: openssl rand -base64 32')
  }
  return readOrGenerate(generateAt)
}

function readOrGenerate(file: string): MasterKey {
  try {
    return readKeyFile(file)
  } catch (error) {
    if (codeOf(causeOf(error)) !== 'ENOENT') throw error
  }
  try {
    generateKeyFile(file)
  } catch (cause) {
    throw new Error(
      `The master key file ${file} can not be made (${codeOf(cause)}). Make its directory writable, or give a master key.`,
      { cause },
    )
  }
  return readKeyFile(file)
}

function readKeyFile(file: string): MasterKey {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (cause) {
    throw new Error(
      `The master key file ${file} can not be read (${codeOf(cause)}). Check its path and that this user may read it.`,
      { cause },
    )
  }
  try {
    return createMasterKey(text)
  } catch (cause) {
    const problem = cause instanceof Error ? cause.message : ''
    throw new Error(`The master key file ${file} holds no master key. ${problem}`, { cause })
  }
}

/** Writes a new key beside the file and gives it its name only if no other process was quicker. */
function generateKeyFile(file: string): void {
  const directory = directoryOf(file)
  mkdirSync(directory, { recursive: true })
  const temporary = `${file}.${randomBytes(8).toString('hex')}.tmp`
  try {
    writeDurably(temporary, `${randomBytes(32).toString('base64')}\n`)
    claimName(temporary, file)
    syncDirectory(directory)
  } finally {
    rmSync(temporary, { force: true })
  }
}

function writeDurably(file: string, text: string): void {
  const handle = openSync(file, 'wx', 0o600)
  try {
    writeSync(handle, text)
    // What is sealed with the key must not outlive it.
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
}

/** A rename would replace another process's file; a link, or an exclusive copy where links are unknown, does not. */
function claimName(temporary: string, file: string): void {
  try {
    linkSync(temporary, file)
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return
    if (!NO_HARD_LINKS.includes(codeOf(error))) throw error
    claimNameByCopy(temporary, file)
  }
}

function claimNameByCopy(temporary: string, file: string): void {
  try {
    copyFileSync(temporary, file, constants.COPYFILE_EXCL)
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error
  }
}

function syncDirectory(directory: string): void {
  let handle: number
  try {
    handle = openSync(directory, 'r')
  } catch {
    // Windows opens no directories; its file systems keep their own journal.
    return
  }
  try {
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
}

function directoryOf(file: string): string {
  const end = file.search(/[/\\][^/\\]*$/)
  return end === -1 ? '.' : file.slice(0, end) || '/'
}

function causeOf(error: unknown): unknown {
  return error instanceof Error ? error.cause : undefined
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined
}

import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  statfsSync,
  statSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseRefused } from '../../store/errors.ts'
import { markerOf, syncDirectory } from './marker.ts'
import { isFileCutOff, readWal, type Wal } from './wal.ts'

/** File systems, by `statfs`, on which processes can not share memory and locks as SQLite needs it (man 2 statfs). */
const NETWORK_FILE_SYSTEMS: ReadonlyMap<number, string> = new Map([
  [0x6969, 'NFS'],
  [0x517b, 'SMB'],
  [0xff534d42, 'CIFS'],
  [0xfe534d42, 'SMB2'],
])

/** A log that grew beyond this is not looked at: that would take too long. */
const LARGEST_LOG = 512 * 1024 * 1024

/**
 * Makes sure that there is a file to open: a missing one is created, readable by its owner only (SQLite gives its
 * log the same mode), in a directory that is created likewise.
 * Throws `DatabaseRefused`: a name that SQLite takes for something else than a file, `mustExist` (or a log is there)
 * and there is none, no permission, a network file system, a damaged log, a file that was cut off.
 */
export function prepareFile(path: string, mustExist: boolean): void {
  if (path === ':memory:') {
    throw new DatabaseRefused(
      'SQLite would keep it nowhere: use `memory:` for a database that ends with the process, or give the path of a file',
    )
  }
  if (path.startsWith('file:')) {
    throw new DatabaseRefused('SQLite reads this as a URI, not as a path: write the path without `file:`')
  }
  const log = `${path}-wal`
  const exists = existsSync(path)
  if (!exists && (mustExist || existsSync(log))) {
    throw new DatabaseRefused(
      'there is no such file, although there must be one: restore it from a backup, or correct the path',
    )
  }
  try {
    if (exists) requireUsable(path)
    else createFile(path)
  } catch (cause) {
    throw new DatabaseRefused(`its file or directory can not be used (${messageOf(cause)})`, { cause })
  }
  const network = networkFileSystem(statfsSync(dirname(path)).type)
  if (network !== null) {
    throw new DatabaseRefused(`it is on a network file system (${network}): move it to a local disk`)
  }
  const wal = readLog(log)
  if (wal.isDamaged) {
    throw new DatabaseRefused(
      `its log ${log} is damaged, and with it writes that were confirmed: restore both files from a backup`,
    )
  }
  // After the log was read: the file may grow meanwhile, but never shrinks.
  if (isFileCutOff(statSync(path).size, wal)) {
    throw new DatabaseRefused(
      'it is damaged: its end is missing, and what its log holds needs that. Restore it from a backup',
    )
  }
}

/** The name of a network file system by its number, as `statfs` tells it; null: it is none. */
export function networkFileSystem(type: number): string | null {
  // Some systems tell it with a sign.
  return NETWORK_FILE_SYSTEMS.get(type >>> 0) ?? null
}

/** Whether there was a database at this path, whatever has become of it. */
export function wasMade(path: string): boolean {
  return existsSync(markerOf(path))
}

/** Opens nothing: to close it would drop the locks that SQLite has on it, if this process has it open already. */
function requireUsable(path: string): void {
  accessSync(path, constants.R_OK | constants.W_OK)
  if (!statSync(path).isFile()) throw new Error('it is no file')
}

function createFile(path: string): void {
  const directory = dirname(path)
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  closeSync(openSync(path, 'a', 0o600))
  for (const parent of [directory, dirname(directory)]) syncDirectory(parent)
}

/** A process that writes the log meanwhile can make one reading of it look wrong, not two. */
function readLog(log: string): Wal {
  const wal = readWal(bytesOf(log))
  return wal.isDamaged ? readWal(bytesOf(log)) : wal
}

/** Nothing, if there is no log, or no more: the last process that closes a database takes it away. */
function bytesOf(log: string): Uint8Array {
  try {
    if (statSync(log).size <= LARGEST_LOG) return readFileSync(log)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error
  }
  return new Uint8Array()
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

import { closeSync, existsSync, mkdirSync, openSync, readFileSync, statfsSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseRefused } from '../database-refused.ts'
import { isWalDamaged } from './wal.ts'

/** File systems, by `statfs`, on which processes can not share memory and locks as SQLite needs it (man 2 statfs). */
const NETWORK_FILE_SYSTEMS: ReadonlyMap<number, string> = new Map([
  [0x6969, 'NFS'],
  [0x517b, 'SMB'],
  [0xff534d42, 'CIFS'],
  [0xfe534d42, 'SMB2'],
])

/**
 * Makes sure that there is a file to open: a missing one is created, readable by its owner only (SQLite gives its
 * log the same mode), in a directory that is created likewise.
 * Throws `DatabaseRefused`: `mustExist` and there is none, no permission, network file system, damaged log.
 */
export function prepareFile(path: string, mustExist: boolean): void {
  const directory = dirname(path)
  try {
    if (existsSync(path)) {
      // Readable is not enough, and found out here it can be said plainly.
      closeSync(openSync(path, 'r+'))
    } else {
      if (mustExist) {
        throw new DatabaseRefused(
          'there is no such file, although there must be one: restore it from a backup, or correct the path',
        )
      }
      mkdirSync(directory, { recursive: true, mode: 0o700 })
      closeSync(openSync(path, 'a', 0o600))
    }
  } catch (error) {
    if (error instanceof DatabaseRefused) throw error
    throw new DatabaseRefused(`its file or directory can not be used (${messageOf(error)})`, { cause: error })
  }
  const network = NETWORK_FILE_SYSTEMS.get(statfsSync(directory).type)
  if (network !== undefined) {
    throw new DatabaseRefused(`it is on a network file system (${network}): move it to a local disk`)
  }
  const log = `${path}-wal`
  if (existsSync(log) && isWalDamaged(readFileSync(log))) {
    throw new DatabaseRefused(
      `its log ${log} is damaged, and with it writes that were confirmed: restore both files from a backup`,
    )
  }
}

/** Throws `DatabaseRefused` if a file is shorter than its pages. To be called when the log is empty. */
export function requireWholeFile(path: string, size: number): void {
  const found = statSync(path).size
  if (found < size) {
    throw new DatabaseRefused(`its file was cut off (${found} bytes of ${size}): restore it from a backup`)
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

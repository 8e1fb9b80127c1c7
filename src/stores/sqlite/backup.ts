import { closeSync, fsyncSync, openSync, renameSync, rmSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { backup } from 'node:sqlite'
import { DatabaseRefused } from '../../store/errors.ts'
import { connect } from './connection.ts'

/** A reader in WAL mode waits for nobody but a recovery. Milliseconds. */
const BUSY_TIMEOUT_MS = 5000

/** All pages in one step: a write by another process between two of them would make SQLite begin anew. */
const ALL_PAGES = 2 ** 31 - 1

/**
 * Copies a database as it is at one moment, while others go on writing; the bytes of the copy. It is one file,
 * readable by its owner only, was checked, and is on the disk with its name when this returns. If anything fails,
 * nothing is left. Throws `DatabaseRefused` if there is a file of this name.
 */
export async function backupSqlite(path: string, target: string): Promise<number> {
  const partial = `${target}.partial`
  // The name is taken at once, and given to the copy when that is whole: an empty file is never taken for a backup.
  reserve(target)
  try {
    reserve(partial)
    try {
      await copy(path, partial)
      check(partial)
      flush(partial)
      renameSync(partial, target)
      flush(dirname(target))
    } finally {
      for (const suffix of ['', '-wal', '-shm', '-journal']) rmSync(partial + suffix, { force: true })
    }
  } catch (error) {
    rmSync(target, { force: true })
    throw error
  }
  return statSync(target).size
}

function reserve(file: string): void {
  try {
    closeSync(openSync(file, 'wx', 0o600))
  } catch (cause) {
    const isThere = cause instanceof Error && 'code' in cause && cause.code === 'EEXIST'
    const reason = isThere
      ? 'there is such a file already, and it may be the only backup: take another name'
      : `it can not be made (${cause instanceof Error ? cause.message : String(cause)})`
    throw new DatabaseRefused(`backup ${file}: ${reason}`, { cause })
  }
}

async function copy(path: string, target: string): Promise<void> {
  const database = connect(path, BUSY_TIMEOUT_MS)
  try {
    await backup(database, target, { rate: ALL_PAGES })
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new DatabaseRefused(`database ${path}: it could not be copied (${reason})`, { cause })
  } finally {
    database.close()
  }
}

/** Whether every page and every index is right. Leaves one file, without a log. */
function check(file: string): void {
  const database = connect(file, BUSY_TIMEOUT_MS)
  try {
    database.exec('pragma journal_mode = delete')
    const found = database.prepare('pragma integrity_check(1)').get()?.integrity_check
    if (found !== 'ok') {
      throw new DatabaseRefused(
        `the copy is damaged (${found}), and so may be the database: look with \`mintkeeper doctor\`, keep older backups`,
      )
    }
  } finally {
    database.close()
  }
}

/** (Windows can not open directories, and needs no flush of a name.) */
function flush(path: string): void {
  if (process.platform === 'win32' && statSync(path).isDirectory()) return
  const descriptor = openSync(path, 'r')
  fsyncSync(descriptor)
  closeSync(descriptor)
}

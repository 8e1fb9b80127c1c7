import { closeSync, openSync, readSync, statSync } from 'node:fs'

/**
 * What the index of the log of a database in WAL mode tells, for a tenth of what SQLite's own answers cost
 * (https://sqlite.org/walformat.html#the_wal_index_file_format).
 */
export interface WalIndex {
  /** Another number after each commit, of whatever process; NaN if it can not be read. */
  commits(): number
  /** Pages in the log, and how many of them are in the database as well; null if it can not be read. */
  frames(): LogFrames | null
  close(): void
}

export interface LogFrames {
  readonly all: number
  readonly checkpointed: number
}

/** Where there is what, in words of 4 bytes, in whatever order this machine has their bytes. */
const CHANGE = 2
const LAST_FRAME = 4
const BACKFILLED = 24

const WORD = 4

/** A file that is open, for so many. */
interface SharedFile {
  readonly descriptor: number
  users: number
}

/**
 * By device and inode. Whoever closes a file drops all locks that this process has on it, those of SQLite as well
 * (POSIX): so it is opened once, whoever reads it, and closed by the last.
 */
const shared = new Map<string, SharedFile>()

/**
 * The index of a database that this process has open, for as long as it has it open: else the file may be replaced. To
 * be closed after the database.
 */
export function openWalIndex(databasePath: string): WalIndex {
  const path = `${databasePath}-shm`
  const { dev, ino } = statSync(path, { bigint: true })
  const id = `${dev}:${ino}`
  const known: SharedFile = shared.get(id) ?? { descriptor: openSync(path, 'r'), users: 0 }
  shared.set(id, known)
  known.users += 1
  const words = new Uint32Array(BACKFILLED + 1)

  function hasRead(from: number, to: number): boolean {
    const length = (to - from + 1) * WORD
    try {
      return readSync(known.descriptor, words, from * WORD, length, from * WORD) === length
    } catch {
      return false
    }
  }

  return {
    commits: () => (hasRead(CHANGE, CHANGE) ? (words[CHANGE] as number) : Number.NaN),
    frames() {
      if (!hasRead(LAST_FRAME, BACKFILLED)) return null
      return { all: words[LAST_FRAME] as number, checkpointed: words[BACKFILLED] as number }
    },
    close() {
      known.users -= 1
      if (known.users > 0) return
      shared.delete(id)
      closeSync(known.descriptor)
    },
  }
}

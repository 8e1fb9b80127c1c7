import type { DatabaseSync } from 'node:sqlite'
import type { Upkeep } from './group-commit.ts'
import type { WalIndex } from './wal-index.ts'

/** Pages in the log that are worth a checkpoint. Each costs two flushes to the disk, whatever it moves. */
const DUE_FRAMES = 4000

const FRAME_HEADER_SIZE = 24

/** Normal logs stay far below: somebody reads for so long that the log can not begin anew. Bytes. */
const LARGE_LOG = 128 * 1024 * 1024

export interface Checkpoints extends Upkeep {
  /** Bytes of the log that are in use. */
  logBytes(): number
}

export interface CheckpointOptions {
  /** Told the size of a log that has become large, again each time it has doubled, and once it is small again. */
  readonly onLogSize?: ((bytes: number, isLarge: boolean) => void) | undefined
  /** From how many bytes on a log is large. */
  readonly largeLog?: number | undefined
}

/**
 * Moves what the log holds into the database, in turns of the event loop of their own: SQLite itself would do it
 * within a commit, which then costs three flushes and not one. A program that reads for long (a backup, a shell that
 * was left open) hinders that, and nothing else: the log grows, until it ends.
 */
export function createCheckpoints(
  database: DatabaseSync,
  index: Pick<WalIndex, 'frames'>,
  { onLogSize = () => {}, largeLog = LARGE_LOG }: CheckpointOptions,
): Checkpoints {
  database.exec('pragma wal_autocheckpoint = 0')
  const frameSize = Number(database.prepare('pragma page_size').get()?.page_size) + FRAME_HEADER_SIZE
  const move = database.prepare('pragma wal_checkpoint(passive)')
  let frames = 0
  let toldFrom = largeLog

  function watch(bytes: number): void {
    if (bytes >= toldFrom) {
      onLogSize(bytes, true)
      while (toldFrom <= bytes) toldFrom *= 2
    } else if (toldFrom > largeLog && bytes < largeLog) {
      onLogSize(bytes, false)
      toldFrom = largeLog
    }
  }

  return {
    logBytes: () => frames * frameSize,
    isDue() {
      const found = index.frames()
      if (found === null) return false
      frames = found.all
      watch(frames * frameSize)
      return frames - found.checkpointed >= DUE_FRAMES
    },
    run() {
      try {
        move.get()
      } catch {
        // All is in the log, and stays there until this succeeds. Writes will say what ails the disk.
      }
    },
  }
}

import type { EpochSeconds } from '../protocol/time.ts'

/** How much a database holds. Rows of tokens are told by a sample; what they mean is the concern of who asks. */
export interface StoreSize {
  /** What it takes on the disk, log and indexes included; null: it is not on a disk. */
  readonly bytes: number | null
  /** The part of these bytes that the next rows are written into; null: not known. */
  readonly freeBytes: number | null
  /** The rows of every other table, by its name. */
  readonly tables: ReadonlyMap<string, RowCount>
  readonly tokens: TokenSample
}

/** A number of rows, which were counted up to a limit. */
export interface RowCount {
  readonly rows: number
  /** False: there are more. */
  readonly isAll: boolean
}

/** Rows of tokens that stand for all. */
export interface TokenSample {
  /** Whether it is all rows; otherwise sums over it are estimates. */
  readonly isAll: boolean
  readonly rows: readonly SampledToken[]
}

export interface SampledToken {
  /** How many rows it stands for. */
  readonly weight: number
  /** When the row was written. */
  readonly writtenAt: EpochSeconds
  /** From when on nothing of the row is of use, as things are: `purge` deletes it then. Far in the future: not known yet. */
  readonly deadAt: EpochSeconds
}

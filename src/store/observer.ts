/** What a store tells while it works, to whoever measures it. Called for each transaction: be quick, and never throw. */
export interface StoreObserver {
  /**
   * A transaction is committed and durable. `writes` of the port have shared it; `commitMs` is what its commit alone
   * took, in milliseconds: the flush to the disk, or the round trip to the server that does it.
   */
  committed(writes: number, commitMs: number): void
}

/** What a store knows of its work at any time. */
export interface StoreStatistics {
  /** Committed transactions since the store was opened, each of which cost one flush to the disk. */
  readonly transactions: number
  /** Writes these were made for. */
  readonly writes: number
  /** Writes that wait now. */
  readonly waiting: number
  /** Bytes of SQLite's log that are in use; null: the store has no log of its own. */
  readonly logBytes: number | null
  /** Null: the store needs no connections. */
  readonly pool: PoolStatistics | null
}

/** The connections to a database server. */
export interface PoolStatistics {
  /** Connections that are open. */
  readonly size: number
  /** Those of them that are in use. */
  readonly inUse: number
  /** Requests that wait for one. */
  readonly waiting: number
}

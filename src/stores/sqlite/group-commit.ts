import type { AuditEvent } from '../../store/audit.ts'
import { StoreUnavailable } from '../../store/errors.ts'
import type { StoreObserver, StoreStatistics } from '../../store/observer.ts'
import type { AfterRequests } from '../after-requests.ts'
import type { AuditChain } from '../sql/audit-chain.ts'
import { createAuditJournal } from '../sql/audit-journal.ts'
import type { Operation } from '../sql/operation.ts'
import { abandon, begin, type Connection, commit, type Outcome, runAll, runGuarded } from './transaction.ts'

export interface GroupCommit {
  write<T>(operation: () => Operation<T>): Promise<T>
  /** Resolves when nothing waits any more. Writes that come later are refused. */
  close(): Promise<void>
  statistics(): CommitStatistics
}

export type CommitStatistics = Pick<StoreStatistics, 'transactions' | 'writes' | 'waiting'>

/** Bounds how long one transaction keeps the event loop: about 5 ms and the flush. */
const MAX_BATCH = 256

/** Bounds the memory of what waits. */
const MAX_WAITING = 10_000

/** Between two attempts to get the lock that another process holds. */
const RETRY_MS = 5

/**
 * How long the others have the event loop after a flush that was slow, as a part of the time it has taken: one turn
 * would not do, for Node.js accepts one new connection a turn.
 */
const REST = 0.25
const SLOW_MS = 5

/** What the database needs between its transactions. */
export interface Upkeep {
  /** Asked after each transaction: must be cheap. */
  isDue(): boolean
  /** Never throws. */
  run(): void
}

export interface GroupCommitOptions {
  readonly afterRequests?: AfterRequests | undefined
  /** Called before the connection is used; never throws. */
  readonly beforeTurn?: () => void
  /** How often the lock is tried for that another process holds, before what waits for it is refused. */
  readonly attempts: number
  /** How long a write may wait, whatever for; then it is refused. Milliseconds. */
  readonly maxWaitMs: number
  /** A clock that never goes back, in milliseconds. */
  readonly nowMs: () => number
  readonly upkeep?: Upkeep
  readonly observer?: StoreObserver | undefined
  /** Keeps the events of the writes; by default there must be none. */
  readonly audit?: AuditChain
}

interface Waiting {
  readonly operation: () => Operation<unknown>
  readonly since: number
  readonly resolve: (value: never) => void
  readonly reject: (error: unknown) => void
}

/**
 * Runs all writes that wait as one transaction, with one flush to the disk, and answers none before that.
 *
 * A batch runs in one turn of the event loop. As there is one connection, nobody can read what is not committed.
 * A write that fails is taken back alone; if the database fails, all writes of the batch reject with
 * `StoreUnavailable`, nothing of them is kept, and the next batch tries anew.
 *
 * However slow the disk is, it keeps the event loop for one transaction, or one upkeep, at a time: between two of them
 * whatever needs no write is answered. And nobody waits for ever: what was not begun in time is refused.
 */
export function createGroupCommit(connection: Connection, options: GroupCommitOptions): GroupCommit {
  const { afterRequests = setImmediate, beforeTurn, attempts, maxWaitMs, nowMs, upkeep, observer } = options
  const { audit = createAuditJournal().openChain() } = options
  const waiting: Waiting[] = []
  const drained: Array<() => void> = []
  let scheduled = false
  let closed = false
  let failedAttempts = 0
  let restsUntil = 0
  let transactions = 0
  let writes = 0

  function schedule(): void {
    if (scheduled) return
    scheduled = true
    // What they write shares a transaction.
    afterRequests(() => (nowMs() < restsUntil ? afterRest(flush) : flush()))
  }

  function afterRest(next: () => void): void {
    setImmediate(() => (nowMs() < restsUntil ? afterRest(next) : next()))
  }

  function rest(workedFrom: number): void {
    const now = nowMs()
    restsUntil = now - workedFrom < SLOW_MS ? now : now + (now - workedFrom) * REST
  }

  /** False: nothing is to be done now. Another process has the lock, then all that waits is tried again or rejected. */
  function hasBegun(): boolean {
    try {
      begin(connection)
      return true
    } catch (error) {
      failedAttempts += 1
      if (connection.isBusy(error) && failedAttempts < attempts) {
        scheduled = true
        setTimeout(flush, RETRY_MS)
        return false
      }
      failedAttempts = 0
      // Those behind would wait as long again, and in vain.
      reject(waiting.splice(0), error)
      settle()
      return false
    }
  }

  function flush(): void {
    scheduled = false
    beforeTurn?.()
    refuseLate()
    const begunAt = nowMs()
    if (waiting.length > 0 && !isBatchDone()) return
    rest(begunAt)
    failedAttempts = 0
    if (upkeep?.isDue() === true) {
      scheduled = true
      afterRest(keepUp)
    } else settle()
  }

  function keepUp(): void {
    scheduled = false
    beforeTurn?.()
    const begunAt = nowMs()
    upkeep?.run()
    rest(begunAt)
    settle()
  }

  /** False: nothing is to be done now, for another process has the lock. */
  function isBatchDone(): boolean {
    if (!hasBegun()) return false
    const batch = waiting.splice(0, MAX_BATCH)
    const events: AuditEvent[] = []
    try {
      let outcomes = runAll(connection, batch, events)
      if (outcomes === null) {
        // Another process may get the lock between the two transactions.
        waiting.unshift(...batch)
        if (!hasBegun()) return false
        waiting.splice(0, batch.length)
        events.length = 0
        outcomes = batch.map(({ operation }) => runGuarded(connection, operation, events))
      }
      const committedFrom = nowMs()
      commit(connection, audit, events)
      observer?.committed(batch.length, nowMs() - committedFrom)
      transactions += 1
      writes += batch.length
      for (const [index, outcome] of outcomes.entries()) answer(batch[index], outcome)
    } catch (error) {
      abandon(connection)
      reject(batch, error)
    }
    return true
  }

  /** Those that wait are in the order they came. */
  function refuseLate(): void {
    const latest = nowMs() - maxWaitMs
    const inTime = waiting.findIndex(({ since }) => since >= latest)
    for (const late of waiting.splice(0, inTime === -1 ? waiting.length : inTime)) {
      late.reject(new StoreUnavailable(`the write has waited for more than ${maxWaitMs} ms`))
    }
  }

  function settle(): void {
    if (waiting.length > 0) schedule()
    else for (const resolve of drained.splice(0)) resolve()
  }

  return {
    write(operation) {
      if (closed) return Promise.reject(new StoreUnavailable('the database is closed'))
      if (waiting.length >= MAX_WAITING) return Promise.reject(new StoreUnavailable('too many writes wait'))
      return new Promise((resolve, reject) => {
        waiting.push({ operation, since: nowMs(), resolve, reject })
        schedule()
      })
    },
    async close() {
      closed = true
      if (scheduled) await new Promise<void>((resolve) => drained.push(resolve))
    },
    statistics: () => ({ transactions, writes, waiting: waiting.length }),
  }
}

function answer(write: Waiting | undefined, outcome: Outcome): void {
  if ('error' in outcome) write?.reject(outcome.error)
  else write?.resolve(outcome.value as never)
}

function reject(batch: readonly Waiting[], cause: unknown): void {
  for (const write of batch) {
    write.reject(new StoreUnavailable('the database could not be written', { cause }))
  }
}

import { StoreUnavailable } from '../../store/errors.ts'
import type { StoreObserver } from '../../store/observer.ts'
import type { AfterRequests } from '../after-requests.ts'
import type { AuditChain } from '../sql/audit-chain.ts'
import type { AuditJournal } from '../sql/audit-journal.ts'
import type { Operation } from '../sql/operation.ts'
import type { Connection } from './connection.ts'
import type { Connector } from './connector.ts'
import type { OfDays } from './days.ts'
import { faultOf, unavailable } from './failure.ts'
import { type Ended, type Outcome, runTransaction, type TransactionPlan } from './transaction.ts'

export interface GroupCommit {
  /** Runs an operation in a transaction of its own. */
  write<T>(operation: () => Operation<T>): Promise<T>
  /** Runs it in one with others: see `SqlDriver`. */
  writeTogether<T>(operation: () => Operation<T>, keys: readonly number[]): Promise<T>
  /** Resolves when nothing waits any more. Writes that come later are refused. */
  close(): Promise<void>
  statistics(): WriterStatistics
}

export interface WriterStatistics {
  readonly transactions: number
  readonly writes: number
  readonly waiting: number
  /** Connections that are open, and those of them with a transaction. */
  readonly open: number
  readonly busy: number
}

export interface GroupCommitOptions {
  readonly connector: Connector
  /** How many transactions run at a time, each on a connection of its own. */
  readonly size: number
  /**
   * How long a write may wait for its turn, and a statement may take or wait for a lock, in milliseconds. A transaction
   * may take a quarter more, repetitions included: so a write is answered after 2.25 times as long at the latest.
   */
  readonly timeoutMs: number
  readonly observer?: StoreObserver | undefined
  readonly afterRequests?: AfterRequests | undefined
  /** Locks the rows of a list of keys, in ascending order: see `Lock`. */
  readonly lockRows: OfDays
  readonly onChanged?: TransactionPlan['onChanged']
  /** Keeps the events of the writes; by default there must be none. */
  readonly journal?: AuditJournal
}

/** Bounds how long one transaction holds its rows. */
const MAX_BATCH = 128

/**
 * One transaction of writes that go together has so long before another begins beside it: two at a time would share
 * what waits, and twice as many statements and flushes would do the same work.
 */
const HEAD_START_MS = 10

/** Bounds how long a write can wait: then it is better refused. */
const MAX_WAITING = 10_000

/** How often a transaction is done again that others were in the way of. */
const MAX_ATTEMPTS = 4

interface Waiting {
  readonly operation: () => Operation<unknown>
  /** Of the rows it changes; null: it wants to be alone. */
  readonly keys: readonly number[] | null
  /** Ends the waiting; not the work. */
  readonly deadline: NodeJS.Timeout
  readonly resolve: (value: never) => void
  readonly reject: (error: unknown) => void
}

/**
 * Runs writes on a few connections: those that may go together and wait at the same time share a transaction, with
 * one flush to the disk. None is answered before that. If the database fails they reject with `StoreUnavailable`.
 */
export function createGroupCommit(options: GroupCommitOptions): GroupCommit {
  const { connector, size, timeoutMs, observer, lockRows, onChanged, journal } = options
  const { afterRequests = setImmediate } = options
  /** Of each connection its own. */
  const chains = new WeakMap<Connection, AuditChain>()
  const begin = beginWithin(timeoutMs)
  let waiting: Waiting[] = []
  const drained: Array<() => void> = []
  let idle: Connection[] = []
  let opening: Promise<void> | null = null
  let busy = 0
  /** Transactions of writes that go together, within their head start. */
  let ahead = 0
  let transactions = 0
  let writes = 0
  let scheduled = false
  let closed = false

  function add<T>(operation: () => Operation<T>, keys: readonly number[] | null): Promise<T> {
    if (closed) return Promise.reject(new StoreUnavailable('the database is closed'))
    if (waiting.length >= MAX_WAITING) return Promise.reject(new StoreUnavailable('too many writes wait'))
    return new Promise((resolve, reject) => {
      const deadline = setTimeout(() => refuse(write), timeoutMs)
      const write: Waiting = { operation, keys, deadline, resolve, reject }
      waiting.push(write)
      schedule()
    })
  }

  function refuse(overdue: Waiting): void {
    waiting = waiting.filter((write) => write !== overdue)
    overdue.reject(new StoreUnavailable('the write did not get its turn in time'))
    settle()
  }

  function schedule(): void {
    if (scheduled || busy >= size) return
    scheduled = true
    // What they write shares a transaction.
    afterRequests(() => {
      scheduled = false
      while (firstInTurn() !== undefined) {
        const connection = idle.pop()
        if (connection === undefined) return openOneMore()
        if (connection.isOpen) void work(connection, takeBatch())
      }
    })
  }

  /** If that fails, those that are busy go on with what waits; without any, nobody does. */
  function openOneMore(): void {
    if (opening !== null || busy >= size) return
    opening = connector
      .connect(() => {
        idle = idle.filter(({ isOpen }) => isOpen)
      })
      .then(
        (connection) => {
          if (journal !== undefined) chains.set(connection, journal.openChain())
          idle.push(connection)
          opening = null
          settle()
        },
        (cause: unknown) => {
          opening = null
          if (busy > 0) return
          reject(waiting.splice(0), cause)
          settle()
        },
      )
  }

  function firstInTurn(): Waiting | undefined {
    if (ahead === 0 || waiting.length >= MAX_BATCH) return waiting[0]
    return waiting.find(({ keys }) => keys === null)
  }

  /** The first whose turn it is, and if it may go together with others, those too. */
  function takeBatch(): readonly Waiting[] {
    const first = firstInTurn() as Waiting
    if (first.keys === null) return waiting.splice(waiting.indexOf(first), 1)
    const batch: Waiting[] = []
    const rest: Waiting[] = []
    for (const write of waiting) {
      ;(write.keys !== null && batch.length < MAX_BATCH ? batch : rest).push(write)
    }
    waiting = rest
    return batch.sort((one, other) => firstOf(one) - firstOf(other))
  }

  /** Ends the head start, once. */
  function takeHeadStart(batch: readonly Waiting[]): () => void {
    if (batch[0]?.keys === null) return () => {}
    ahead += 1
    let isOver = false
    const end = () => {
      if (isOver) return
      isOver = true
      ahead -= 1
      clearTimeout(timer)
      if (waiting.length > 0) schedule()
    }
    const timer = setTimeout(end, HEAD_START_MS)
    return end
  }

  async function work(connection: Connection, batch: readonly Waiting[]): Promise<void> {
    busy += 1
    const endHeadStart = takeHeadStart(batch)
    for (const { deadline } of batch) clearTimeout(deadline)
    // The server ends a transaction whose client is gone.
    const deadline = setTimeout(() => connection.destroy(), timeoutMs * 1.25)
    try {
      await runBatch(connection, batch)
    } catch (cause) {
      reject(batch, cause)
    } finally {
      clearTimeout(deadline)
      if (connection.isOpen) idle.push(connection)
      busy -= 1
      endHeadStart()
      settle()
    }
  }

  async function runBatch(connection: Connection, batch: readonly Waiting[]): Promise<void> {
    const ended = await runRepeatedly(connection, batch)
    if (ended === null) {
      for (const write of batch) await runAlone(connection, write)
      return
    }
    if (ended.commitMs !== null) {
      transactions += 1
      writes += batch.length
      observer?.committed(batch.length, ended.commitMs)
    }
    for (const [index, outcome] of ended.outcomes.entries()) answer(batch[index], outcome)
  }

  async function runAlone(connection: Connection, write: Waiting): Promise<void> {
    try {
      await runBatch(connection, [write])
    } catch (cause) {
      reject([write], cause)
    }
  }

  async function runRepeatedly(connection: Connection, batch: readonly Waiting[]): Promise<Ended | null> {
    const operations = batch.map(({ operation }) => operation)
    const keys = batch.flatMap((write) => write.keys ?? [])
    // In one order, which a statement that changes many rows has not.
    const lock = batch.length > 1 && keys.length > 1 ? { rows: lockRows, keys } : null
    const plan = { begin, lock, operations, audit: chains.get(connection), onChanged }
    for (let attempt = 1; ; attempt++) {
      try {
        return await runTransaction(connection, plan)
      } catch (error) {
        if (faultOf(error) !== 'conflict' || attempt === MAX_ATTEMPTS) throw error
      }
    }
  }

  function settle(): void {
    if (waiting.length > 0) schedule()
    else if (busy === 0) for (const resolve of drained.splice(0)) resolve()
  }

  return {
    write: (operation) => add(operation, null),
    writeTogether: add,
    async close() {
      closed = true
      if (busy > 0 || waiting.length > 0) await new Promise<void>((resolve) => drained.push(resolve))
      await opening
      await Promise.all(idle.map((connection) => connection.close()))
    },
    statistics: () => ({ transactions, writes, waiting: waiting.length, open: idle.length + busy, busy }),
  }
}

function firstOf({ keys }: Waiting): number {
  return keys?.[0] ?? 0
}

/** Said with each transaction, because a pooler may give every one another session. */
function beginWithin(timeoutMs: number): string {
  return [
    'begin isolation level read committed',
    `set local statement_timeout = ${timeoutMs}`,
    `set local lock_timeout = ${timeoutMs}`,
    // Of a node that has been stopped in the middle, nobody should wait for the rows.
    `set local idle_in_transaction_session_timeout = ${timeoutMs}`,
    // Any other value waits for the disk at least; and this one may be set at any time, for open sessions too.
    `select set_config('synchronous_commit', 'on', true) where current_setting('synchronous_commit') = 'off'`,
  ].join('; ')
}

function answer(write: Waiting | undefined, outcome: Outcome): void {
  if ('error' in outcome) write?.reject(outcome.error)
  else write?.resolve(outcome.value as never)
}

function reject(batch: readonly Waiting[], cause: unknown): void {
  for (const write of batch) {
    clearTimeout(write.deadline)
    write.reject(unavailable('the database could not be written', cause))
  }
}

import type { AuditEvent } from '../../store/audit.ts'
import type { AuditChain } from '../sql/audit-chain.ts'
import type { KeptTable } from '../sql/kept-rows.ts'
import {
  isRecordedEvent,
  type Operation,
  type SqlResult,
  type SqlRow,
  type SqlStatement,
} from '../sql/operation.ts'

/** A connection whose calls return when they are done. */
export interface Connection {
  run(statement: SqlStatement): SqlResult
  execute(command: 'begin' | 'begin immediate' | 'commit' | 'rollback' | `${string}savepoint ${string}`): void
  inTransaction(): boolean
  /** Grows with each statement of this connection that may change a row of the table. */
  ownGeneration(table: KeptTable): number
  /** Whether an error says that the database failed, rather than that one statement was wrong. */
  isFailure(error: unknown): boolean
  /** Whether an error says that another process holds the lock. */
  isBusy(error: unknown): boolean
}

/** What became of one operation of a transaction. */
export type Outcome = { readonly value: unknown } | { readonly error: unknown }

/** Runs an operation that only reads, without a transaction. */
export function runAlone<T>(connection: Connection, operation: () => Operation<T>): T {
  return run(connection, operation(), UNWATCHED)
}

/** Runs one operation in a transaction of its own, at once. */
export function runInTransaction<T>(connection: Connection, operation: () => Operation<T>): T {
  begin(connection)
  try {
    const value = run(connection, operation(), UNWATCHED)
    connection.execute('commit')
    return value
  } catch (error) {
    abandon(connection)
    throw error
  }
}

/** Begins a transaction that writes. Throws if it can not, also while another process has the lock. */
export function begin(connection: Connection): void {
  rollback(connection)
  connection.execute('begin immediate')
}

function rollback(connection: Connection): void {
  // Many failures end the transaction by themselves.
  if (connection.inTransaction()) connection.execute('rollback')
}

/** As `rollback`; if even that fails, `begin` tries again. */
export function abandon(connection: Connection): void {
  try {
    rollback(connection)
  } catch {}
}

/**
 * Nearly no write fails after it has changed something. So no savepoints are set, until one does: then this is null,
 * and the whole batch is to be taken back and done again with them. Throws if the database fails.
 */
export function runAll(
  connection: Connection,
  batch: readonly { readonly operation: () => Operation<unknown> }[],
  events: AuditEvent[],
): readonly Outcome[] | null {
  const outcomes: Outcome[] = []
  for (const { operation } of batch) {
    const recorded = events.length
    let changes = 0
    const watch = {
      changed: (count: number) => (changes += count),
      recorded: (event: AuditEvent) => events.push(event),
    }
    try {
      outcomes.push({ value: run(connection, operation(), watch) })
    } catch (error) {
      requireAlive(connection, error)
      events.length = recorded
      if (changes > 0) return null
      outcomes.push({ error })
    }
  }
  return outcomes
}

/** Runs an operation so that it can be taken back alone. Throws if the database fails. */
export function runGuarded(
  connection: Connection,
  operation: () => Operation<unknown>,
  events: AuditEvent[],
): Outcome {
  const recorded = events.length
  connection.execute('savepoint operation')
  try {
    const value = run(connection, operation(), { ...UNWATCHED, recorded: (event) => events.push(event) })
    connection.execute('release savepoint operation')
    return { value }
  } catch (error) {
    requireAlive(connection, error)
    events.length = recorded
    connection.execute('rollback to savepoint operation')
    connection.execute('release savepoint operation')
    return { error }
  }
}

function requireAlive(connection: Connection, error: unknown): void {
  if (connection.isFailure(error) || !connection.inTransaction()) throw error
}

/** Commits, with records of the events of the transaction and of those that wait. */
export function commit(connection: Connection, audit: AuditChain, events: readonly AuditEvent[]): void {
  const isDue = audit.isDue(events)
  try {
    if (isDue) for (const insert of run(connection, audit.records(events), UNWATCHED)) connection.run(insert)
    connection.execute('commit')
  } catch (error) {
    if (isDue) audit.failed()
    throw error
  }
  if (isDue) audit.committed()
}

/** Is told what an operation does. */
interface Watch {
  changed(count: number): void
  recorded(event: AuditEvent): void
}

const UNWATCHED: Watch = {
  changed: () => {},
  recorded() {
    throw new Error('there is no audit log here')
  },
}

const NO_RESULT = 0

function run<T>(connection: Connection, operation: Operation<T>, watch: Watch): T {
  let step = operation.next()
  while (step.done !== true) {
    if (isRecordedEvent(step.value)) {
      watch.recorded(step.value.event)
      step = operation.next(NO_RESULT)
      continue
    }
    const result = connection.run(step.value)
    if (step.value.returns === 'changed rows') watch.changed((result as readonly SqlRow[]).length)
    else if (typeof result === 'number') watch.changed(result)
    step = operation.next(result)
  }
  return step.value
}

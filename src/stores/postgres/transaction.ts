import type { AuditEvent } from '../../store/audit.ts'
import { StoreUnavailable } from '../../store/errors.ts'
import type { AuditChain } from '../sql/audit-chain.ts'
import { createAuditJournal } from '../sql/audit-journal.ts'
import { type KeptTable, tablesChangedBy } from '../sql/kept-rows.ts'
import {
  isRecordedEvent,
  type Operation,
  type SqlResult,
  type SqlRow,
  type SqlStatement,
  type Step,
} from '../sql/operation.ts'
import type { Connection } from './connection.ts'
import { boundsOf, type OfDays } from './days.ts'
import { faultOf } from './failure.ts'
import { merge } from './merge.ts'
import { dayOf } from './partitions.ts'

export type Outcome = { readonly value: unknown } | { readonly error: unknown }

/** What a transaction came to. */
export interface Ended {
  /** How each of its operations ended. */
  readonly outcomes: readonly Outcome[]
  /** How long its commit took, in milliseconds; null: it was rolled back, and nothing was kept. */
  readonly commitMs: number | null
}

export interface TransactionPlan {
  /** The commands it begins with. */
  readonly begin: string
  /** What is locked before anything else. */
  readonly lock?: Lock | null
  readonly operations: readonly (() => Operation<unknown>)[]
  /** Keeps the events of the operations; by default there must be none. */
  readonly audit?: AuditChain | undefined
  /** Is told, when it has ended, of which tables kept rows may have become untrue; also if nobody knows how it ended. */
  readonly onChanged?: ((tables: readonly KeptTable[]) => void) | undefined
}

export interface Lock {
  /** Queries that lock rows; their parameters are `boundsOf` a list of keys in ascending order. */
  readonly rows: OfDays
  readonly keys: readonly number[]
}

const NO_AUDIT = createAuditJournal().openChain()

/**
 * Runs operations in one transaction, side by side: what they all want next is sent at once, so that a transaction
 * of many takes as many round trips as the longest of them. Resolves when it is committed and durable, or its only
 * operation has failed and it is rolled back; null if one of several operations has failed after it changed something, or by its own fault: then nothing was kept, and each is to
 * be run alone. Rejects if the database failed: then nothing was kept, or, if the connection was lost in the middle of
 * the commit, maybe all.
 */
export async function runTransaction(
  connection: Connection,
  { begin, lock = null, operations, audit = NO_AUDIT, onChanged = () => {} }: TransactionPlan,
): Promise<Ended | null> {
  // Answered before anything else is sent: what follows would be committed at once if it failed.
  try {
    await connection.execute(begin)
  } catch (error) {
    // It may have begun, and failed in what belongs to it: nobody should find the session like that.
    await rollback(connection)
    throw error
  }
  let runs: readonly Run[]
  const changes = new Set<KeptTable>()
  try {
    runs = await runSideBySide(connection, lock, operations, changes)
  } catch (error) {
    await rollback(connection)
    if (faultOf(error) !== 'own') throw error
    return operations.length === 1 ? { outcomes: [{ error }], commitMs: null } : null
  }
  if (runs.some(({ outcome, changes }) => 'error' in outcome && changes > 0)) {
    await rollback(connection)
    return runs.length === 1 ? { outcomes: runs.map(({ outcome }) => outcome), commitMs: null } : null
  }
  const startedMs = performance.now()
  const events = runs.flatMap((run) => ('error' in run.outcome ? [] : run.events))
  await commit(connection, audit, events).finally(() => onChanged([...changes]))
  return { outcomes: runs.map(({ outcome }) => outcome), commitMs: performance.now() - startedMs }
}

/** Commits, with records of the events of the transaction and of those that wait. */
async function commit(
  connection: Connection,
  audit: AuditChain,
  events: readonly AuditEvent[],
): Promise<void> {
  if (!audit.isDue(events)) return requireCommitted(await connection.execute('commit'))
  try {
    const [run] = await runSideBySide(connection, null, [() => audit.records(events)], new Set())
    const { outcome } = run as Run
    if ('error' in outcome) throw outcome.error
    // Sent with the commit, at no round trip: if one fails, the commit takes all back.
    const inserted = runAll(connection, outcome.value as readonly SqlStatement[])
    const [tag] = await Promise.all([connection.execute('commit'), inserted])
    requireCommitted(tag)
  } catch (error) {
    audit.failed()
    await rollback(connection)
    throw error
  }
  audit.committed()
}

function requireCommitted(tag: string): void {
  if (tag !== 'COMMIT') throw new StoreUnavailable(`the database answered the commit with ${tag}`)
}

/** If it fails the connection is of no use any more, and its end takes the transaction with it. */
async function rollback(connection: Connection): Promise<void> {
  if (!connection.isOpen) return
  await connection.execute('rollback').catch(() => connection.destroy())
}

/** Rejects with the first error of the database, when all that was sent is answered. Adds the tables it changes. */
async function runSideBySide(
  connection: Connection,
  lock: Lock | null,
  operations: readonly (() => Operation<unknown>)[],
  changes: Set<KeptTable>,
): Promise<readonly Run[]> {
  const runs = operations.map((operation) => start(operation()))
  // Sent with what comes first, not before it: that costs no round trip.
  let ahead: readonly SqlStatement[] = lock === null ? [] : lockStatements(lock)
  for (;;) {
    const waiting = runs.filter((run) => run.next !== null)
    if (waiting.length === 0) return runs
    const sent = merge(waiting.map(({ next }) => next as SqlStatement))
    const statements = [...ahead, ...sent.map(({ statement }) => statement)]
    for (const { sql } of statements) for (const table of tablesChangedBy(sql)) changes.add(table)
    const results = (await runAll(connection, statements)).slice(ahead.length)
    ahead = []
    for (const [index, { places, answersOf }] of sent.entries()) {
      const answers = answersOf(results[index] as SqlResult)
      for (const [member, place] of places.entries()) {
        resume(waiting[place] as Run, answers[member] as SqlResult)
      }
    }
  }
}

/** Rejects with the first error, when all are answered. */
async function runAll(
  connection: Connection,
  statements: readonly SqlStatement[],
): Promise<readonly SqlResult[]> {
  const settled = await Promise.allSettled(statements.map((statement) => connection.run(statement)))
  return settled.map((answer) => {
    if (answer.status === 'rejected') throw answer.reason
    return answer.value
  })
}

const NO_RESULT = 0

/** An operation on its way. */
interface Run {
  readonly operation: Operation<unknown>
  /** The statement it waits for; null: it has ended. */
  next: SqlStatement | null
  outcome: Outcome
  /** Rows it has changed. */
  changes: number
  readonly events: AuditEvent[]
}

function start(operation: Operation<unknown>): Run {
  const run: Run = { operation, next: null, outcome: { value: null }, changes: 0, events: [] }
  advance(run, () => operation.next())
  return run
}

function resume(run: Run, result: SqlResult): void {
  if (run.next?.returns === 'changes') run.changes += result as number
  if (run.next?.returns === 'changed rows') run.changes += (result as readonly SqlRow[]).length
  advance(run, () => run.operation.next(result))
}

function advance(run: Run, resumed: () => IteratorResult<Step, unknown>): void {
  try {
    let step = resumed()
    for (; step.done !== true && isRecordedEvent(step.value); step = run.operation.next(NO_RESULT)) {
      run.events.push(step.value.event)
    }
    run.next = step.done === true ? null : (step.value as SqlStatement)
    if (step.done === true) run.outcome = { value: step.value }
  } catch (error) {
    run.next = null
    run.outcome = { error }
  }
}

/** The latest day comes last, so that all rows are locked in the order of their keys. */
function lockStatements({ rows, keys }: Lock): readonly SqlStatement[] {
  const sorted = keys.toSorted((one, other) => one - other)
  const latestDay = dayOf(sorted.at(-1) as number)
  const earlier = sorted.filter((key) => dayOf(key) < latestDay)
  const latest = sorted.slice(earlier.length)
  const lockLatest = { sql: rows.latest, parameters: boundsOf(latest), returns: 'rows' } as const
  if (earlier.length === 0) return [lockLatest]
  return [{ sql: rows.earlier, parameters: boundsOf(earlier), returns: 'rows' }, lockLatest]
}

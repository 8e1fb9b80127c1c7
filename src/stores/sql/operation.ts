/**
 * `sql/` owns the SQL text and what it means: tables, columns, and the reads and writes of the port. It is written
 * once for all databases and knows no driver: not how a statement is sent, nor when a transaction begins or ends.
 *
 * Dialect: what SQLite and PostgreSQL both understand. Parameters are written `?` and counted from left to right;
 * no literal holds a question mark.
 *
 * A write is an operation: a generator that yields its statements one by one and is sent their results. A driver
 * runs several operations in one transaction, so an operation must change nothing but the database: it may be
 * started again when a neighbour made the transaction fail. It refuses by throwing, whatever it wrote till then. It
 * also yields the event that tells of what it does, if there is one.
 *
 * Isolation: no more than READ COMMITTED. Each statement sees what was committed when it began, and another
 * transaction may commit between two of your statements, or while one waits for a row: decide by the count of a
 * conditional change, never by an earlier select. What a change found or made, nobody else changes until the end.
 */
import type { AuditEvent } from '../../store/audit.ts'
import type { TokenKey } from '../../store/rows.ts'
import type { GenerationOf } from './kept-rows.ts'

export type SqlValue = null | number | string | Uint8Array

/** The columns of a row, in the order they were selected. */
export type SqlRow = readonly SqlValue[]

export interface SqlStatement {
  readonly sql: string
  readonly parameters: readonly SqlValue[]
  /** Whether the rows are asked for, how many were changed, or the rows that were changed (`… returning …`). */
  readonly returns: 'rows' | 'changes' | 'changed rows'
}

export type SqlResult = readonly SqlRow[] | number

/** An event that tells of what an operation does: kept with it, and not if it is taken back. No statement, no result. */
export interface RecordedEvent {
  readonly event: AuditEvent
}

export type Step = SqlStatement | RecordedEvent

export type Operation<T> = Generator<Step, T, SqlResult>

export function isRecordedEvent(step: Step): step is RecordedEvent {
  return 'event' in step
}

/** A database as the stores in SQL need it. */
export interface SqlDriver {
  /** Reads what is committed, and nothing else. */
  read(sql: string, parameters: readonly SqlValue[]): Promise<readonly SqlRow[]>
  readonly generationOf: GenerationOf
  /** As `generationOf`, of changes by other nodes too that were confirmed a moment ago. */
  readonly currentGenerationOf: GenerationOf
  /**
   * Runs an operation in a transaction, which it may share with others. Resolves once it is committed and durable.
   * Rejects with what the operation threw, then nothing of it was kept, or with `StoreUnavailable`.
   */
  write<T>(operation: () => Operation<T>): Promise<T>
  /**
   * As `write`, for operations that stay right if statements of others of this kind, in the same transaction, come
   * between their own. `keys` are those of the tokens it changes: transactions of several take their rows in one
   * order, so that no two wait for each other.
   */
  writeTogether<T>(operation: () => Operation<T>, keys: readonly TokenKey[]): Promise<T>
  /**
   * A query that locks the live rows of a refresh token family that are `APART`, with keys above one, in the order of
   * their keys, where many write at once.
   */
  readonly lockFamily?: string
  /**
   * A condition for the rows of a tenant from a key on and before another (parameters: tenant, key, tenant, key), where a
   * plain one has rows of all tenants read for those of one.
   */
  readonly keysOfTenant?: string
  /** The end of a query that locks its rows and passes over those that others have locked, where many write at once. */
  readonly skipLocked?: string
}

/** Yields a statement that changes rows; how many it changed. */
export function* change(sql: string, ...parameters: readonly SqlValue[]): Operation<number> {
  return (yield { sql, parameters, returns: 'changes' }) as number
}

/** Yields a statement that changes rows and ends with `returning …`; the rows it changed. */
export function* changeReturning(
  sql: string,
  ...parameters: readonly SqlValue[]
): Operation<readonly SqlRow[]> {
  return (yield { sql, parameters, returns: 'changed rows' }) as readonly SqlRow[]
}

/** Yields a query; all its rows. */
export function* select(sql: string, ...parameters: readonly SqlValue[]): Operation<readonly SqlRow[]> {
  return (yield { sql, parameters, returns: 'rows' }) as readonly SqlRow[]
}

/** Yields the event that tells of what was done, if there is one: anywhere in an operation, once it is certain. */
export function* record(event: AuditEvent | null | undefined): Operation<void> {
  if (event !== null && event !== undefined) yield { event }
}

/** `?, ?, ?`: the place holders of a list of columns such as `a, b, c`. */
export function placeHolders(columns: string): string {
  return columns.replaceAll(/[^,]+/g, ' ?').trim()
}

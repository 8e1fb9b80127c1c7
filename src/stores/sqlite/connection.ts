import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { DatabaseRefused } from '../../store/errors.ts'
import { type KeptTable, tablesChangedBy } from '../sql/kept-rows.ts'
import type { SqlResult, SqlRow, SqlStatement } from '../sql/operation.ts'
import type { Connection } from './transaction.ts'

/** Before this, two connections could corrupt a database (https://sqlite.org/wal.html#walresetbug). */
const OLDEST_SQLITE = '3.51.3'

const ATTEMPTS_TO_OPEN = 50
const RETRY_MS = 20

/** The log is cut to this size once what it holds is in the database: a long reader can make it grow. */
const LOG_SIZE_LIMIT = 64 * 1024 * 1024

/** What is read beyond this the operating system has in memory; a larger cache makes each commit take longer. */
const CACHE_KIBIBYTES = 16 * 1024

/** Result codes (https://sqlite.org/rescode.html) by which one statement fails for its own fault. */
const OWN_FAULT: ReadonlySet<number> = new Set([
  1, // SQLITE_ERROR
  18, // SQLITE_TOOBIG
  19, // SQLITE_CONSTRAINT
  20, // SQLITE_MISMATCH
  25, // SQLITE_RANGE
])
const SQLITE_BUSY = 5
const SQLITE_CORRUPT = 11
const SQLITE_NOTADB = 26

/** Opens a file that exists; others' locks are waited for in SQLite itself. Refuses an SQLite that is too old. */
export function connect(path: string, busyTimeoutMs: number): DatabaseSync {
  const database = new DatabaseSync(path, { timeout: busyTimeoutMs })
  try {
    requireSqliteVersion(String(database.prepare('select sqlite_version() as version').get()?.version))
    return database
  } catch (error) {
    database.close()
    throw error
  }
}

/** From now on this connection flushes every commit to the disk before it returns. */
export async function makeDurable(database: DatabaseSync): Promise<void> {
  // Two processes that switch a new file to WAL at once get no turn by waiting: they would wait for each other.
  await retryWhileBusy(() => requirePragma(database, 'journal_mode = wal', 'journal_mode', 'wal'))
  database.exec(
    `pragma synchronous = full; pragma journal_size_limit = ${LOG_SIZE_LIMIT}; pragma cache_size = -${CACHE_KIBIBYTES}`,
  )
}

/** To be called after the first write: what the settings say before it can change with it. */
export function requireDurable(database: DatabaseSync): void {
  requirePragma(database, 'journal_mode', 'journal_mode', 'wal')
  requirePragma(database, 'synchronous', 'synchronous', 2)
}

function requirePragma(database: DatabaseSync, pragma: string, name: string, expected: unknown): void {
  const found = database.prepare(`pragma ${pragma}`).get()?.[name]
  if (found !== expected) {
    throw new DatabaseRefused(`SQLite can not work durably here: ${name} is ${found}, not ${expected}`)
  }
}

export function requireSqliteVersion(version: string): void {
  const [major = 0, minor = 0, patch = 0] = version.split('.').map(Number)
  const [needMajor = 0, needMinor = 0, needPatch = 0] = OLDEST_SQLITE.split('.').map(Number)
  if ((major - needMajor || minor - needMinor || patch - needPatch) < 0) {
    throw new DatabaseRefused(
      `SQLite ${version} can corrupt it (a bug before ${OLDEST_SQLITE}): use a newer version of Node.js`,
    )
  }
}

async function retryWhileBusy(use: () => void): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return use()
    } catch (error) {
      if (resultCodeOf(error) !== SQLITE_BUSY || attempt === ATTEMPTS_TO_OPEN) throw error
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS))
    }
  }
}

interface Prepared {
  readonly statement: StatementSync
  readonly changes: readonly KeptTable[]
}

/** Statements are prepared once, when they are first used. */
export function connectionOf(database: DatabaseSync): Connection {
  const prepared = new Map<string, Prepared>()
  const generations = { clients: 0, users: 0 }
  function prepare(sql: string): Prepared {
    let known = prepared.get(sql)
    if (known === undefined) {
      const statement = database.prepare(sql)
      statement.setReturnArrays(true)
      known = { statement, changes: tablesChangedBy(sql) }
      prepared.set(sql, known)
    }
    return known
  }
  return {
    run({ sql, parameters, returns }: SqlStatement): SqlResult {
      const { statement, changes } = prepare(sql)
      for (const table of changes) generations[table] += 1
      if (returns === 'changes') return Number(statement.run(...parameters).changes)
      return statement.all(...parameters) as unknown as readonly SqlRow[]
    },
    execute: (command) => void prepare(command).statement.run(),
    ownGeneration: (table) => generations[table],
    inTransaction: () => database.isTransaction,
    isFailure: (error) => !database.isOpen || !OWN_FAULT.has(resultCodeOf(error) ?? 1),
    isBusy: (error) => resultCodeOf(error) === SQLITE_BUSY,
  }
}

/** The same error for an operator: which file, what is wrong with it, what to do. */
export function refusal(path: string, error: unknown): DatabaseRefused {
  if (error instanceof DatabaseRefused) {
    return new DatabaseRefused(`database ${path}: ${error.message}`, { cause: error.cause })
  }
  const code = resultCodeOf(error)
  const reason =
    code === SQLITE_NOTADB || code === SQLITE_CORRUPT
      ? 'it is damaged, or no SQLite database: restore it from a backup, or correct the path'
      : code === SQLITE_BUSY
        ? 'another process holds its lock: end that process, then try again'
        : `it can not be opened (${error instanceof Error ? error.message : String(error)})`
  return new DatabaseRefused(`database ${path}: ${reason}`, { cause: error })
}

/** The primary result code of an error of SQLite; null for any other error. */
function resultCodeOf(error: unknown): number | null {
  const code = error instanceof Error && 'errcode' in error ? error.errcode : null
  return typeof code === 'number' ? code & 0xff : null
}

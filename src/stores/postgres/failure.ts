import pg from 'pg'
import { DatabaseRefused, StoreUnavailable } from '../../store/errors.ts'

/** What an error of the database means for the work it happened to. */
export type Fault =
  /** This statement is wrong, and would be so again. */
  | 'own'
  /** Others were in its way: the transaction is to be done again. */
  | 'conflict'
  /** The database can not do it now; the connection is as good as before. */
  | 'refused'
  /** Nothing is known of the connection any more, and maybe not whether it was done. */
  | 'lost'

/** SQLSTATE codes (PostgreSQL manual, appendix A). */
const CONFLICTS: ReadonlySet<string> = new Set(['40001', '40P01'])

/** Of the classes below, those that the operator or a neighbour has brought about. */
const NOT_OWN: ReadonlySet<string> = new Set([
  '42501', // insufficient_privilege
  '42P01', // undefined_table: dropped under us
  '42P05', // duplicate_prepared_statement: a pooler mixes up sessions
])

/** Data exceptions, constraints, syntax, limits. */
const OWN_CLASSES: ReadonlySet<string> = new Set(['22', '23', '42', '54'])

/** A connection on which this was said is not worth keeping. */
const LOST_CLASSES: ReadonlySet<string> = new Set([
  '08', // connection exceptions
  '57', // the server shuts down; but see below
  '58', // system errors
  'XX', // internal errors
])
const LOST: ReadonlySet<string> = new Set([
  '0A000', // a cached plan does not fit the changed schema
  '26000', // a prepared statement is gone: a pooler mixes up sessions
  '42P05',
])
const QUERY_CANCELED = '57014'

export function faultOf(error: unknown): Fault {
  const code = sqlStateOf(error)
  if (code === null) return 'lost'
  if (CONFLICTS.has(code)) return 'conflict'
  const kind = code.slice(0, 2)
  if (LOST.has(code) || (LOST_CLASSES.has(kind) && code !== QUERY_CANCELED)) return 'lost'
  return OWN_CLASSES.has(kind) && !NOT_OWN.has(code) ? 'own' : 'refused'
}

/** Whether a lock was not to be had in time, as the server said, or a store that could not do its work for that. */
export function isLockTimeout(error: unknown): boolean {
  return sqlStateOf(error instanceof StoreUnavailable ? error.cause : error) === '55P03'
}

/** The SQLSTATE of an error that PostgreSQL sent; null for any other. */
function sqlStateOf(error: unknown): string | null {
  return error instanceof pg.DatabaseError ? (error.code ?? null) : null
}

export function unavailable(what: string, cause: unknown): StoreUnavailable {
  return cause instanceof StoreUnavailable ? cause : new StoreUnavailable(what, { cause })
}

/** The error for an operator at the start: which database, what is wrong with it, what to do. Tells no password. */
export function refusal(database: string, error: unknown): DatabaseRefused {
  const cause = error instanceof StoreUnavailable && error.cause !== undefined ? error.cause : error
  const reason = cause instanceof DatabaseRefused ? cause.message : adviceOn(cause)
  return new DatabaseRefused(`database ${database}: ${reason}`, { cause })
}

function adviceOn(error: unknown): string {
  switch (codeOf(error)) {
    case 'ECONNREFUSED':
      return 'nobody answers there: start PostgreSQL, or correct host and port'
    case 'ETIMEDOUT':
    case 'EHOSTUNREACH':
      return 'it does not answer: look whether it works, and whether a firewall is in between'
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return 'its host has no address: correct the host, or try again when names can be resolved'
    case '28P01':
    case '28000':
      return 'it refuses user or password: correct them'
    case '3D000':
      return 'there is no such database: create it (`createdb NAME`), or correct the name'
    case '42501':
      return `its user lacks a permission (${messageOf(error)}): make it the owner of the database, or grant what is missing`
    case '53300':
      return 'it has no connection left: raise max_connections, or lower databaseConnections of the nodes'
    case '26000':
    case '42P05':
      return 'a pooler mixes up prepared statements: set databaseStatements to unnamed, or use PgBouncer 1.21 or later with max_prepared_statements'
    default:
      return `it can not be used (${messageOf(error)})`
  }
}

/** The driver's own time-out has none. */
function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return ''
  if (error.message === 'timeout expired') return 'ETIMEDOUT'
  return 'code' in error ? String(error.code) : ''
}

/** Errors of the driver hold no password; those of several addresses tried hold no message of their own. */
export function messageOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(messageOf).join('; ')
  return error instanceof Error ? error.message : String(error)
}

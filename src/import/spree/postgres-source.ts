import pg from 'pg'
import { ImportFailed } from '../import.ts'
import { passesOver, type SourceRow, type SpreeSource, type SpreeTable } from './source.ts'

/** Rows fetched at once: some hundred kilobytes. */
const BATCH = 1000

/** Connecting may take so long; a query as long as it needs. */
const CONNECT_MS = 10_000

const BEGIN = `begin isolation level repeatable read read only;
  set local timezone = 'UTC'; set local statement_timeout = 0; set local idle_in_transaction_session_timeout = 0`
const COLUMNS = `select a.attname from pg_attribute a
  where a.attrelid = to_regclass($1) and a.attnum > 0 and not a.attisdropped order by a.attnum`
const ESTIMATE = 'select greatest(reltuples, 0) from pg_class where oid = to_regclass($1)'

/**
 * A shop's PostgreSQL database, which may be in use: one transaction reads it as it is at one moment, and changes and
 * locks nothing. Without a schema, the tables are those that the user's search path finds. Throws `ImportFailed`.
 */
export async function openPostgresSource(url: string, schema: string | null): Promise<SpreeSource> {
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: CONNECT_MS,
    application_name: 'mintkeeper import',
    // Everything as PostgreSQL writes it.
    types: { getTypeParser: () => (text: unknown) => text as never },
  })
  // What is asked next is told of it.
  client.on('error', () => {})
  await attempt(url, async () => {
    await client.connect()
    await client.query(BEGIN)
  })
  const nameOf = (table: SpreeTable) =>
    schema === null ? table : `${pg.escapeIdentifier(schema)}.${pg.escapeIdentifier(table)}`
  let total = 0
  let read = 0

  async function query(text: string, values: readonly string[] = []): Promise<readonly (string | null)[][]> {
    const result = await attempt(url, () => client.query({ text, values: [...values], rowMode: 'array' }))
    return result.rows as (string | null)[][]
  }

  async function* rows(table: SpreeTable, columns: readonly string[]): AsyncIterable<readonly SourceRow[]> {
    const selected = columns.map((column) => pg.escapeIdentifier(column)).join(', ')
    const order = columns.includes('id') ? 'order by id' : ''
    await query(`declare import_rows no scroll cursor for select ${selected} from ${nameOf(table)} ${order}`)
    for (;;) {
      const batch = await query(`fetch ${BATCH} from import_rows`)
      if (batch.length === 0) break
      read += batch.length
      yield batch.map((values) => ({ values, line: null }))
    }
    await query('close import_rows')
  }

  return {
    async columnsOf(table) {
      const columns = (await query(COLUMNS, [nameOf(table)])).map(([name]) => name as string)
      if (columns.length === 0) return null
      total += Number((await query(ESTIMATE, [nameOf(table)]))[0]?.[0]) * passesOver(table)
      return columns
    },
    rows,
    progress: () => (total === 0 ? null : Math.min(1, read / total)),
    close: () => client.end(),
  }
}

async function attempt<T>(url: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    const { message } = cause as Error
    throw new ImportFailed(`The database ${printable(url)} can not be read: ${message}`, { cause })
  }
}

/** Without user and password, nor parameters, which may be those too. */
function printable(url: string): string {
  if (!URL.canParse(url)) return 'named'
  const { protocol, host, pathname } = new URL(url)
  return `${protocol}//${host}${pathname}`
}

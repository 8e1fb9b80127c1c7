import { DatabaseSync } from 'node:sqlite'
import { ImportFailed } from '../import.ts'
import { passesOver, type SourceRow, type SpreeSource, type SpreeTable } from './source.ts'

const BATCH = 1000

/**
 * A shop's SQLite file, opened to be read only, as it is at one moment. Throws `ImportFailed`.
 */
export function openSqliteSource(path: string): SpreeSource {
  const database = open(path)
  let total = 0
  let read = 0

  function columnsOf(table: SpreeTable): readonly string[] | null {
    const columns = database.prepare('select name from pragma_table_info(?)').all(table)
    if (columns.length === 0) return null
    const { count } = database.prepare(`select count(*) as count from ${table}`).get() ?? {}
    total += Number(count) * passesOver(table)
    return columns.map(({ name }) => String(name))
  }

  async function* rows(table: SpreeTable, columns: readonly string[]): AsyncIterable<readonly SourceRow[]> {
    const statement = database.prepare(`select ${columns.join(', ')} from ${table} order by rowid`)
    statement.setReturnArrays(true)
    statement.setReadBigInts(true)
    let batch: SourceRow[] = []
    for (const values of statement.iterate() as Iterable<unknown>) {
      batch.push({ values: (values as readonly unknown[]).map(textOf), line: null })
      if (batch.length < BATCH) continue
      read += batch.length
      yield batch
      batch = []
    }
    read += batch.length
    yield batch
  }

  return {
    columnsOf: async (table) => columnsOf(table),
    rows,
    progress: () => (total === 0 ? null : Math.min(1, read / total)),
    close: async () => database.close(),
  }
}

function open(path: string): DatabaseSync {
  let database: DatabaseSync | null = null
  try {
    database = new DatabaseSync(path, { readOnly: true })
    // From the first read on, all see what there is now.
    database.exec('begin')
    database.prepare('select count(*) from sqlite_schema').get()
    return database
  } catch (cause) {
    database?.close()
    throw new ImportFailed(`${path} can not be read as an SQLite database: correct the path.`, { cause })
  }
}

function textOf(value: unknown): string | null {
  return value === null ? null : String(value)
}

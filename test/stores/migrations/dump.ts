/** SQLite databases as SQL text: what `sqlite3 FILE .dump` writes, without its program. */
import { DatabaseSync } from 'node:sqlite'

/** Statements that make the database again, one a line but for those of the schema. */
export function dump(path: string): string {
  const database = new DatabaseSync(path, { readOnly: true })
  const statements: string[] = []
  for (const { sql } of objectsOf(database)) statements.push(sql)
  for (const { name, type } of objectsOf(database)) {
    if (type !== 'table') continue
    // Generated columns are not listed by `table_info`, and can not be written.
    const columns = database
      .prepare(`select name from pragma_table_info(?)`)
      .all(name)
      .map((row) => String(row.name))
    const quoted = columns.map((column) => `quote(${column})`).join(` || ', ' || `)
    for (const { line } of database.prepare(`select ${quoted} as line from ${name}`).all()) {
      statements.push(`insert into ${name} (${columns.join(', ')}) values (${line})`)
    }
  }
  database.close()
  return statements.map((statement) => `${statement};\n`).join('')
}

/** Makes a database from the text. */
export function restore(sql: string, path: string): void {
  const database = new DatabaseSync(path)
  database.exec(`pragma journal_mode = wal; begin; ${sql}; commit`)
  database.close()
}

/** Tables and indexes, as they were made; white space does not count. */
export function schemaOf(path: string): readonly string[] {
  const database = new DatabaseSync(path, { readOnly: true })
  const found = objectsOf(database).map(({ sql }) => sql.replaceAll(/\s+/g, ' '))
  database.close()
  return found
}

interface SchemaObject {
  readonly type: string
  readonly name: string
  readonly sql: string
}

function objectsOf(database: DatabaseSync): readonly SchemaObject[] {
  const sql = `select type, name, sql from sqlite_schema where sql is not null and name not like 'sqlite_%'
    order by type desc, name`
  return database.prepare(sql).all() as unknown as readonly SchemaObject[]
}

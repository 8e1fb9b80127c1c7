import type { FileHandle } from 'node:fs/promises'
import { ImportFailed } from '../import.ts'
import { openPlainFile, type Unreadable } from '../source-file.ts'
import { type DumpScanner, type Statement, scanDump } from './dump-scanner.ts'
import {
  type Head,
  isCopyFromStdin,
  parseCopyHead,
  parseCopyLine,
  parseCreateTable,
  parseInsertHead,
  parseTuples,
} from './dump-values.ts'
import { passesOver, type SourceRow, SPREE_TABLES, type SpreeSource, type SpreeTable } from './source.ts'

/** Its end is not known: see `parseTuples`. */
const NO_LITERALS = 'is no list of literals: neither it nor what follows in the statement was read'

/** Where the rows of a table are: all of them between two offsets. */
interface Region {
  readonly start: number
  readonly line: number
  end: number
}

interface Contents {
  /** By table, then by schema. */
  readonly columns: Map<string, readonly string[]>
  readonly regions: Map<string, Region>
  readonly schemas: Set<string>
}

/** The other formats of pg_dump. */
const NO_SQL = 'is no plain SQL: turn it into that with pg_restore --file=dump.sql'
const ARCHIVES: readonly Unreadable[] = [
  [Buffer.from('PGDMP'), NO_SQL],
  [Buffer.from('toc.dat\0'), NO_SQL],
]

/**
 * A dump as `pg_dump` writes it in plain SQL, with `COPY` or `INSERT`. It is read once to find the tables, and each
 * table again when its rows are asked for, so that what is dumped last may be needed first. Throws `ImportFailed`.
 */
export async function openDumpSource(path: string, schema: string | null): Promise<SpreeSource> {
  const file = await openPlainFile(path, ARCHIVES)
  let read = 0
  let toRead = 0
  let contents: Contents
  try {
    contents = await findTables(file)
    requireOneSchema(contents, schema)
  } catch (thrown) {
    await file.close()
    throw thrown
  }
  const chosen = schema ?? [...contents.schemas][0] ?? ''
  const nameOf = (table: SpreeTable) => `${chosen}.${table}`
  for (const table of SPREE_TABLES) {
    const { start = 0, end = 0 } = contents.regions.get(nameOf(table)) ?? {}
    toRead += (end - start) * passesOver(table)
  }

  async function* rows(table: SpreeTable, columns: readonly string[]): AsyncIterable<readonly SourceRow[]> {
    const region = contents.regions.get(nameOf(table))
    if (region === undefined) return
    const scanner = scanDump(file, { offset: region.start, line: region.line })
    const before = read
    while (scanner.offset() < region.end) {
      const statement = await scanner.next()
      if (statement === null) return
      for await (const rows of rowsOf(statement, scanner, table, columns)) {
        read = before + scanner.offset() - region.start
        yield rows
      }
      read = before + scanner.offset() - region.start
    }
  }

  async function* rowsOf(
    statement: Statement,
    scanner: DumpScanner,
    table: SpreeTable,
    columns: readonly string[],
  ): AsyncIterable<readonly SourceRow[]> {
    const copy = parseCopyHead(statement.text)
    if (copy !== null) {
      if (!isOf(copy, table)) return await scanner.skipLines()
      const choose = chooser(copy.columns ?? [], columns)
      for (let part = await scanner.nextLines(); part !== null; part = await scanner.nextLines()) {
        const { lines, line } = part
        yield lines.map((text, index) => ({ values: choose(parseCopyLine(text)), line: line + index }))
      }
      return
    }
    if (isCopyFromStdin(statement.text)) return await scanner.skipLines()
    const insert = parseInsertHead(statement.text)
    if (insert === null || !isOf(insert, table)) return
    const choose = chooser(insert.columns ?? contents.columns.get(nameOf(table)) ?? [], columns)
    yield parseTuples(statement.text, insert.end).map((tuple) => ({
      values: tuple === null ? NO_LITERALS : choose(tuple),
      line: statement.line,
    }))
  }

  function isOf(head: Head, table: SpreeTable): boolean {
    return head.table === table && (head.schema ?? '') === chosen
  }

  return {
    columnsOf: async (table) => contents.columns.get(nameOf(table)) ?? null,
    rows,
    progress: () => (toRead === 0 ? null : Math.min(1, read / toRead)),
    close: () => file.close(),
  }
}

/** One pass over all of it. */
async function findTables(file: FileHandle): Promise<Contents> {
  const contents: Contents = { columns: new Map(), regions: new Map(), schemas: new Set() }
  const scanner = scanDump(file, { offset: 0, line: 1 })
  for (let statement = await scanner.next(); statement !== null; statement = await scanner.next()) {
    await note(statement, scanner, contents)
  }
  return contents
}

async function note(statement: Statement, scanner: DumpScanner, contents: Contents): Promise<void> {
  const { text } = statement
  if (/^CREATE\b/i.test(text)) {
    const created = parseCreateTable(text)
    if (created !== null && isWanted(created)) noteColumns(created, contents)
    return
  }
  if (/^(INSERT|REPLACE)\b[^(]*`/i.test(text)) {
    throw new ImportFailed(`line ${statement.line}: this is a dump of MySQL, which can not be read.`)
  }
  if (/^SET client_encoding\s*=\s*'(?!UTF-?8')/i.test(text)) {
    throw new ImportFailed(`line ${statement.line}: the dump is not in UTF-8: make it with --encoding=UTF8.`)
  }
  if (isCopyFromStdin(text)) {
    const copy = parseCopyHead(text)
    if (copy !== null && isWanted(copy)) noteColumns(copy, contents)
    await scanner.skipLines()
    if (copy !== null && isWanted(copy)) noteRows(copy, statement, scanner.offset(), contents)
    return
  }
  const insert = parseInsertHead(text)
  if (insert === null || !isWanted(insert)) return
  if (insert.columns !== null) noteColumns(insert, contents)
  noteRows(insert, statement, scanner.offset(), contents)
}

function isWanted({ table }: Head): boolean {
  return (SPREE_TABLES as readonly string[]).includes(table)
}

/** What was created has all columns; an INSERT may name some of them. */
function noteColumns(head: Head, { columns, schemas }: Contents): void {
  schemas.add(head.schema ?? '')
  const name = `${head.schema ?? ''}.${head.table}`
  if (!columns.has(name)) columns.set(name, head.columns ?? [])
}

function noteRows(head: Head, statement: Statement, end: number, { regions, schemas }: Contents): void {
  schemas.add(head.schema ?? '')
  const name = `${head.schema ?? ''}.${head.table}`
  const region = regions.get(name)
  if (region === undefined) regions.set(name, { start: statement.offset, line: statement.line, end })
  else region.end = end
}

function requireOneSchema({ schemas }: Contents, schema: string | null): void {
  if (schema !== null || schemas.size < 2) return
  throw new ImportFailed(
    `The dump has the tables of several shops, in the schemas ${[...schemas].sort().join(', ')}: name one with --schema.`,
  )
}

/** Picks the wanted columns of a row; says why not if it has not as many values as it should. */
function chooser(
  all: readonly string[],
  wanted: readonly string[],
): (values: readonly (string | null)[]) => SourceRow['values'] {
  const places = wanted.map((column) => all.indexOf(column))
  return (values) =>
    values.length === all.length
      ? places.map((place) => values[place] ?? null)
      : `has ${values.length} values for ${all.length} columns`
}

/** Values of a plain-SQL dump, in both forms of it: lines of `COPY`, and literals of `INSERT`. */

const COPY_ESCAPES: Readonly<Record<string, string>> = {
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
}

/** A line of `COPY … FROM stdin` (PostgreSQL manual, COPY, text format). */
export function parseCopyLine(line: string): (string | null)[] {
  const fields: (string | null)[] = line.split('\t')
  if (!line.includes('\\')) return fields
  return fields.map((field) => (field === '\\N' ? null : unescapeCopy(field as string)))
}

function unescapeCopy(field: string): string {
  if (!field.includes('\\')) return field
  return field.replaceAll(/\\([0-7]{1,3}|x[0-9A-Fa-f]{1,2}|[\s\S])/g, (_, code: string) => {
    if (/^[0-7]/.test(code)) return String.fromCharCode(Number.parseInt(code, 8))
    if (/^x./.test(code)) return String.fromCharCode(Number.parseInt(code.slice(1), 16))
    return COPY_ESCAPES[code] ?? code
  })
}

export interface TableName {
  readonly schema: string | null
  readonly table: string
}

/** `COPY public.spree_users (id, email) FROM stdin;` */
export interface Head extends TableName {
  /** Null: all, in the order of the table. */
  readonly columns: readonly string[] | null
  /** Where the head ends. */
  readonly end: number
}

const NAME = '(?:[A-Za-z_][\\w$]*|"(?:[^"]|"")+")'
const QUALIFIED = `(?:(${NAME})\\s*\\.\\s*)?(${NAME})`
const COPY_HEAD = new RegExp(`^COPY\\s+${QUALIFIED}\\s*\\(([^()]*)\\)\\s+FROM\\s+stdin\\s*;$`, 'iy')
const ANY_COPY = new RegExp(`^COPY\\s+${QUALIFIED}[\\s\\S]*FROM\\s+stdin`, 'iy')
const INSERT_HEAD = new RegExp(
  `^INSERT\\s+INTO\\s+${QUALIFIED}\\s*(?:\\(([^()]*)\\)\\s*)?(?:OVERRIDING\\s+\\w+\\s+VALUE\\s+)?VALUES`,
  'iy',
)
const CREATE_HEAD = new RegExp(
  `^CREATE\\s+(?:UNLOGGED\\s+)?TABLE\\s+(?:IF\\s+NOT\\s+EXISTS\\s+)?${QUALIFIED}\\s*\\(`,
  'iy',
)

export function parseCopyHead(statement: string): Head | null {
  return headOf(COPY_HEAD, statement)
}

/** Whether data follows, in whatever form. */
export function isCopyFromStdin(statement: string): boolean {
  ANY_COPY.lastIndex = 0
  return ANY_COPY.test(statement)
}

export function parseInsertHead(statement: string): Head | null {
  return headOf(INSERT_HEAD, statement)
}

/** The columns are those that the statement makes, in their order. */
export function parseCreateTable(statement: string): Head | null {
  const head = headOf(CREATE_HEAD, statement)
  if (head === null) return null
  const body = statement.slice(head.end).replaceAll(/'(?:[^']|'')*'/g, "''")
  const columns = splitAtCommas(body)
    .map((part) => new RegExp(`^\\s*(${NAME})\\s`).exec(part)?.[1])
    .filter(
      (name) => name !== undefined && !/^(constraint|primary|unique|foreign|check|exclude|like)$/i.test(name),
    )
  return { ...head, columns: columns.map((name) => unquote(name as string)) }
}

function headOf(pattern: RegExp, statement: string): Head | null {
  pattern.lastIndex = 0
  const match = pattern.exec(statement)
  if (match === null) return null
  const [, schema, table = '', columns] = match
  return {
    schema: schema === undefined ? null : unquote(schema),
    table: unquote(table),
    columns: columns === undefined ? null : columns.split(',').map((name) => unquote(name.trim())),
    end: pattern.lastIndex,
  }
}

function unquote(name: string): string {
  return name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name.toLowerCase()
}

/** At those that are in no parentheses and no quoted name; up to the parenthesis that closes the list. */
function splitAtCommas(text: string): readonly string[] {
  const parts: string[] = []
  let depth = 0
  let start = 0
  for (let index = 0; index < text.length; index++) {
    const character = text[index]
    if (character === '"') index = text.indexOf('"', index + 1)
    else if (character === '(') depth += 1
    else if (character === ')' && depth-- === 0) return [...parts, text.slice(start, index)]
    else if (character === ',' && depth === 0) {
      parts.push(text.slice(start, index))
      start = index + 1
    }
  }
  return parts
}

const LITERAL =
  /\s*(?:(NULL)|(true|false)|([+-]?\d[\d.eE+-]*)|([Ee]?)'([^'\\]*(?:(?:''|\\[\s\S])[^'\\]*)*)')(?:::[\w ."[\](),]*?[\w\])"])?\s*(?=[,)])/iy
const PLAIN_LITERAL = /\s*'([^']*(?:''[^']*)*)'(?:::[\w ."[\]]+)?\s*(?=[,)])/y

/**
 * The rows of an `INSERT … VALUES (…), (…);`. A row with something that is no literal, such as a call of a function,
 * is null; so is what follows it, for its end is not known.
 */
export function parseTuples(statement: string, from: number): readonly ((string | null)[] | null)[] {
  const rows: ((string | null)[] | null)[] = []
  let at = from
  for (;;) {
    at = skipSpace(statement, at)
    if (statement[at] !== '(') return [...rows, null]
    at += 1
    const row: (string | null)[] = []
    for (;;) {
      const literal = readLiteral(statement, at)
      if (literal === null) return [...rows, null]
      row.push(literal.value)
      at = literal.end + 1
      if (statement[literal.end] === ')') break
    }
    rows.push(row)
    at = skipSpace(statement, at)
    if (statement[at] !== ',') return rows
    at += 1
  }
}

/** A backslash is one, unless the literal begins with E: dumps say `standard_conforming_strings = on`. */
function readLiteral(
  text: string,
  at: number,
): { readonly value: string | null; readonly end: number } | null {
  PLAIN_LITERAL.lastIndex = at
  const plain = PLAIN_LITERAL.exec(text)
  if (plain !== null)
    return { value: (plain[1] as string).replaceAll("''", "'"), end: PLAIN_LITERAL.lastIndex }
  LITERAL.lastIndex = at
  const match = LITERAL.exec(text)
  if (match === null) return null
  const [, isNull, truth, number, , string] = match
  const end = LITERAL.lastIndex
  if (isNull !== undefined) return { value: null, end }
  const bare = truth?.toLowerCase() ?? number
  if (bare !== undefined) return { value: bare, end }
  return { value: unescapeCopy((string as string).replaceAll("''", "'")), end }
}

function skipSpace(text: string, at: number): number {
  let next = at
  while (/\s/.test(text[next] ?? 'x')) next += 1
  return next
}

import type { SqlResult, SqlRow, SqlStatement, SqlValue } from '../sql/operation.ts'
import { TOKEN_COLUMNS } from '../sql/token-columns.ts'
import { FIND_TOKEN, INSERT_TOKEN, TOKEN_UPDATES } from '../sql/tokens.ts'
import { arrayOf } from './array.ts'
import { boundsOf, IN_BOUNDS, type OfDays, selectEach } from './days.ts'
import { dayOf } from './partitions.ts'

/** The form for many rows of a statement about one row of `tokens`; its rows begin with their key. */
interface ManyRows {
  readonly sql: OfDays
  /** Which of the parameters is the key of the row. */
  readonly keyAt: number
  /** Of a list for each parameter of the other, and the keys. */
  parametersOf(lists: readonly string[], keys: readonly number[]): readonly SqlValue[]
}

const TEXTS = ['tenant', 'surface', 'client_id', 'user_id', 'grant_type', 'scope', 'access_scope', 'jkt']
const BYTES = ['access_hash', 'refresh_hash']

function typeOf(column: string): string {
  if (TEXTS.includes(column)) return 'text'
  return BYTES.includes(column) ? 'bytea' : 'bigint'
}

function unnest(types: readonly string[]): string {
  return `unnest(${types.map((type) => `cast(? as ${type}[])`).join(', ')})`
}

const INSERT_TOKENS = `insert into tokens (${TOKEN_COLUMNS})
  select * from ${unnest(TOKEN_COLUMNS.split(', ').map(typeOf))}
  on conflict (key) do nothing returning key`

const MANY_ROWS: ReadonlyMap<string, ManyRows> = new Map<string, ManyRows>([
  [
    FIND_TOKEN,
    {
      sql: {
        latest: `select ${TOKEN_COLUMNS} from tokens where ${IN_BOUNDS}`,
        earlier: selectEach(TOKEN_COLUMNS),
      },
      keyAt: 0,
      parametersOf: (_, keys) => boundsOf(keys),
    },
  ],
  [
    INSERT_TOKEN,
    {
      // Each row finds its own way.
      sql: { latest: INSERT_TOKENS, earlier: INSERT_TOKENS },
      keyAt: 0,
      parametersOf: (lists) => lists,
    },
  ],
  ...TOKEN_UPDATES.map((sql) => [sql, ofUpdate(sql)] as const),
])

/** Its parameters are numbers, the last of them the key: `update tokens set … where key = ? and …`. */
function ofUpdate(one: string): ManyRows {
  const [values, condition] = one.split('where key = ?') as [string, string]
  const names: string[] = []
  const set = values.replaceAll('?', () => {
    names.push(`value_${names.length}`)
    return names.at(-1) as string
  })
  const lists = unnest([...names, 'token'].map(() => 'bigint'))
  const many = `${set} from ${lists} as change (${[...names, 'token'].join(', ')})
  where key = token and ${IN_BOUNDS} ${condition}
  returning key`
  return {
    // With a text of its own, it is prepared by itself, and has a plan of its own.
    sql: { latest: many, earlier: `${many} /* earlier days */` },
    keyAt: names.length,
    parametersOf: (columns, keys) => [...columns, ...boundsOf(keys)],
  }
}

/** A statement to be sent, and for whom. */
export interface Sent {
  readonly statement: SqlStatement
  /** Where those it stands for were in the list. */
  readonly places: readonly number[]
  /** What each of them would have been answered. */
  answersOf(result: SqlResult): readonly SqlResult[]
}

export function isMergeable(sql: string): boolean {
  return MANY_ROWS.has(sql)
}

/**
 * Makes one statement of those in a list that ask the same of different rows. Of two that change the same row, the
 * second is left to be sent by itself, after the first.
 */
export function merge(statements: readonly SqlStatement[]): readonly Sent[] {
  const groups: Group[] = []
  const open = new Map<string, Group>()
  const latest = latestDays(statements)
  for (const [place, statement] of statements.entries()) {
    const many = MANY_ROWS.get(statement.sql)
    if (many === undefined) {
      groups.push({ many: null, sql: statement.sql, keys: new Set(), places: [place] })
      continue
    }
    const key = keyOf(statement, many)
    const sql = dayOf(key) === latest.get(many) ? many.sql.latest : many.sql.earlier
    let group = open.get(sql)
    const isSecond = group?.keys.has(key) === true && statement.returns !== 'rows'
    if (group === undefined || isSecond) {
      group = { many, sql, keys: new Set(), places: [] }
      groups.push(group)
      if (!isSecond) open.set(sql, group)
    }
    group.keys.add(key)
    group.places.push(place)
  }
  return groups.map((group) => sentFor(group, statements))
}

interface Group {
  readonly many: ManyRows | null
  readonly sql: string
  readonly keys: Set<number>
  readonly places: number[]
}

/** Of what each kind of statement asks for. */
function latestDays(statements: readonly SqlStatement[]): ReadonlyMap<ManyRows, number> {
  const latest = new Map<ManyRows, number>()
  for (const statement of statements) {
    const many = MANY_ROWS.get(statement.sql)
    if (many === undefined) continue
    latest.set(many, Math.max(dayOf(keyOf(statement, many)), latest.get(many) ?? 0))
  }
  return latest
}

function keyOf({ parameters }: SqlStatement, { keyAt }: ManyRows): number {
  return parameters[keyAt] as number
}

function sentFor({ many, sql, keys, places }: Group, statements: readonly SqlStatement[]): Sent {
  const members = places.map((place) => statements[place] as SqlStatement)
  const [first] = members as [SqlStatement]
  if (many === null || members.length === 1) {
    return { statement: first, places, answersOf: (result) => [result] }
  }
  const lists = first.parameters.map((_, column) =>
    arrayOf(members.map(({ parameters }) => parameters[column] ?? null)),
  )
  return {
    statement: { sql, parameters: many.parametersOf(lists, [...keys]), returns: 'rows' },
    places,
    answersOf(result) {
      const rows = new Map((result as readonly SqlRow[]).map((row) => [row[0], row]))
      return members.map((member) => answer(member.returns, rows.get(keyOf(member, many))))
    },
  }
}

function answer(returns: SqlStatement['returns'], row: SqlRow | undefined): SqlResult {
  if (returns === 'changes') return row === undefined ? 0 : 1
  return row === undefined ? [] : [row]
}

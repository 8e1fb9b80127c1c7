import type { SqlResult, SqlRow, SqlStatement, SqlValue } from '../sql/operation.ts'
import { TOKEN_COLUMNS } from '../sql/token-columns.ts'
import { FIND_TOKEN, INSERT_TOKEN, IS_SPENDABLE, SPEND_TOKEN } from '../sql/tokens.ts'
import { arrayOf } from './array.ts'
import { dayOf } from './partitions.ts'

/** The form for many rows of a statement about one row of `tokens`. */
interface ManyRows {
  /** Takes a list for each parameter of the other; its rows begin with their key. */
  readonly sql: string
  /** Which of the parameters is the key of the row. */
  readonly keyAt: number
  /** Whether it is about rows of one day, and the lowest and the highest key follow: no other partition is looked at. */
  readonly isBounded: boolean
}

const TEXTS = ['tenant', 'surface', 'client_id', 'user_id', 'grant_type', 'scope', 'access_scope']
const BYTES = ['access_hash', 'refresh_hash']

function typeOf(column: string): string {
  if (TEXTS.includes(column)) return 'text'
  return BYTES.includes(column) ? 'bytea' : 'bigint'
}

function unnest(types: readonly string[]): string {
  return `unnest(${types.map((type) => `cast(? as ${type}[])`).join(', ')})`
}

const MANY_ROWS: ReadonlyMap<string, ManyRows> = new Map([
  [
    FIND_TOKEN,
    {
      sql: `select ${TOKEN_COLUMNS} from tokens where key = any (cast(? as bigint[])) and key between ? and ?`,
      keyAt: 0,
      isBounded: true,
    },
  ],
  [
    INSERT_TOKEN,
    {
      sql: `insert into tokens (${TOKEN_COLUMNS}) select * from ${unnest(TOKEN_COLUMNS.split(', ').map(typeOf))}
        on conflict (key) do nothing returning key`,
      keyAt: 0,
      isBounded: false,
    },
  ],
  [
    SPEND_TOKEN,
    {
      sql: `update tokens set successor = next, spent_at = at
        from ${unnest(['bigint', 'bigint', 'bigint'])} as spending (next, at, token)
        where key = token and key between ? and ? and ${IS_SPENDABLE}
        returning key`,
      keyAt: 2,
      isBounded: true,
    },
  ],
])

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
  const open = new Map<ManyRows, Map<number, Group>>()
  for (const [place, statement] of statements.entries()) {
    const many = MANY_ROWS.get(statement.sql)
    if (many === undefined) {
      groups.push({ many: null, keys: new Set(), places: [place] })
      continue
    }
    const key = statement.parameters[many.keyAt] as number
    const day = many.isBounded ? dayOf(key) : 0
    const ofDays = open.get(many) ?? new Map<number, Group>()
    open.set(many, ofDays)
    let group = ofDays.get(day)
    const isSecond = group?.keys.has(key) === true && statement.returns !== 'rows'
    if (group === undefined || isSecond) {
      group = { many, keys: new Set(), places: [] }
      groups.push(group)
      if (!isSecond) ofDays.set(day, group)
    }
    group.keys.add(key)
    group.places.push(place)
  }
  return groups.map((group) => sentFor(group, statements))
}

interface Group {
  readonly many: ManyRows | null
  readonly keys: Set<number>
  readonly places: number[]
}

function sentFor({ many, keys, places }: Group, statements: readonly SqlStatement[]): Sent {
  const members = places.map((place) => statements[place] as SqlStatement)
  const [first] = members as [SqlStatement]
  if (many === null || members.length === 1) {
    return { statement: first, places, answersOf: (result) => [result] }
  }
  const { sql, keyAt, isBounded } = many
  const lists = first.parameters.map((_, column) =>
    arrayOf(members.map(({ parameters }) => parameters[column] ?? null)),
  )
  const bounds = isBounded ? [Math.min(...keys), Math.max(...keys)] : []
  return {
    statement: { sql, parameters: [...lists, ...bounds], returns: 'rows' },
    places,
    answersOf(result) {
      const rows = new Map((result as readonly SqlRow[]).map((row) => [row[0], row]))
      return members.map(({ parameters, returns }) =>
        answer(returns, rows.get(parameters[keyAt] as SqlValue)),
      )
    },
  }
}

function answer(returns: SqlStatement['returns'], row: SqlRow | undefined): SqlResult {
  if (returns === 'changes') return row === undefined ? 0 : 1
  return row === undefined ? [] : [row]
}

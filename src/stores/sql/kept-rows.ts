import { TENANT_END } from './tenant-end.ts'

/** Tables whose rows nearly every request reads, and hardly any changes. */
export type KeptTable = 'clients' | 'users'

const ALL: readonly KeptTable[] = ['clients', 'users']

/** What a row of each table is read from. A fact may be the end of all tokens of a tenant, which is read with them. */
const SOURCES: ReadonlyMap<string, readonly KeptTable[]> = new Map([
  ['clients', ['clients']],
  ['users', ['users']],
  ['user_logins', ['users']],
  ['facts', ALL],
])

const CHANGE = /^\s*(?:insert into|update|delete from)\s+(\w+)/

/** The tables whose kept rows a statement may make untrue. Of the facts only one kind is read with them. */
export function tablesChangedBy(sql: string): readonly KeptTable[] {
  const table = CHANGE.exec(sql)?.[1] ?? ''
  return table === 'facts' && !sql.includes(TENANT_END) ? [] : tablesReadFrom(table)
}

/** The tables whose kept rows a change of this one may make untrue. */
export function tablesReadFrom(source: string): readonly KeptTable[] {
  return SOURCES.get(source) ?? []
}

/**
 * A number that is greater once a row of the table may read otherwise, for this process or for another; null: that
 * can not be told now, so nothing may be kept. It is asked for every time, and costs next to nothing.
 */
export type GenerationOf = (table: KeptTable) => number | null

/** Of a database that can not tell. */
export const KEEP_NOTHING: GenerationOf = () => null

/** Rows kept of each way to find one: twice as many at most. */
const KEPT_ROWS = 5000

type Find<Row> = (tenant: string, name: string) => Promise<Row | null>

/**
 * Finds a row as `find` does, and keeps it until its generation changes: no answer is older than `generationOf` lets
 * it be. What is not there is not kept, for strangers can ask for anything.
 */
export function keepRows<Row>(table: KeptTable, generationOf: GenerationOf, find: Find<Row>): Find<Row> {
  let keptOf: number | null = null
  // The rows found since the last time it was full, and those from before.
  let recent = new Map<string, Promise<Row>>()
  let earlier: typeof recent = new Map()

  function keep(name: string, row: Promise<Row>): void {
    if (recent.size >= KEPT_ROWS) {
      earlier = recent
      recent = new Map()
    }
    recent.set(name, row)
  }

  async function findAndKeep(tenant: string, name: string, key: string): Promise<Row | null> {
    const generation = keptOf
    const row = await find(tenant, name)
    // What was read before a change must not be kept after it.
    const isAsRead = generation === keptOf && generation === generationOf(table)
    if (row !== null && isAsRead) keep(key, Promise.resolve(row))
    return row
  }

  return (tenant, name) => {
    const generation = generationOf(table)
    if (generation !== keptOf) {
      keptOf = generation
      recent = new Map()
      earlier = new Map()
    }
    if (generation === null) return find(tenant, name)
    // No id of a tenant has a space in it.
    const key = `${tenant} ${name}`
    const known = recent.get(key)
    if (known !== undefined) return known
    const old = earlier.get(key)
    if (old === undefined) return findAndKeep(tenant, name, key)
    keep(key, old)
    return old
  }
}

import type { RowCount, StoreSize } from '../../store/size.ts'
import { type SampledColumns, sampleTokens } from '../token-sample.ts'
import type { SqlDriver } from './operation.ts'

const LOWEST_KEY = 'select min(key) from tokens'
const HIGHEST_KEY = 'select max(key) from tokens'
const SAMPLE = 'select key, dead_at from tokens where key >= ? and key < ? order by key limit ?'

/** Every table but `tokens` and those with a fixed number of rows. */
const COUNTED = [
  'tenants',
  'clients',
  'client_secret_uses',
  'usage_hours',
  'usage_facts',
  'refusals',
  'refusals_left_out',
  'users',
  'retired_users',
  'imported_tokens',
  'denied_jwts',
  'spent_assertions',
  'signing_keys',
  'login_failures',
  'audit',
  'brown_outs',
  'facts',
]

/** Reads what the database takes on the disk. */
export type ReadBytes = () => Promise<Pick<StoreSize, 'bytes' | 'freeBytes'>>

export async function sqlSize(
  driver: SqlDriver,
  readBytes: ReadBytes,
  countUpTo: number,
): Promise<StoreSize> {
  const tables = new Map<string, RowCount>()
  for (const table of COUNTED) tables.set(table, await count(driver, table, countUpTo))
  const [lowest] = (await driver.read(LOWEST_KEY, []))[0] ?? []
  const [highest] = (await driver.read(HIGHEST_KEY, []))[0] ?? []
  const tokens = await sampleTokens(Number(lowest ?? 0), Number(highest ?? 0), async (from, to, limit) => {
    return (await driver.read(SAMPLE, [from, to, limit])) as unknown as readonly SampledColumns[]
  })
  return { ...(await readBytes()), tables, tokens }
}

async function count(driver: SqlDriver, table: string, limit: number): Promise<RowCount> {
  const sql = `select count(*) from (select 1 from ${table} limit ?) as rows_of_table`
  const [found] = await driver.read(sql, [limit + 1])
  const rows = Number(found?.[0])
  return { rows: Math.min(rows, limit), isAll: rows <= limit }
}

import type { KeptRefusal, Refusal, RefusalStore, RefusalsLeftOut } from '../../store/refusals.ts'
import { firstKeyAt, type NextKey } from '../key-sequence.ts'
import { pageOf } from '../page.ts'
import { change, type Operation, type SqlDriver, type SqlRow, type SqlValue } from './operation.ts'

/** Rows one statement adds. */
const AT_ONCE = 25

// What is left of the places is of no tenant. A key that is taken by what an earlier try has written stays.
const ADD = `insert into refusals (key, tenant, request_id, content)
  select cast(column1 as bigint), column2, column3, column4
  from (values ${Array(AT_ONCE).fill('(?, ?, ?, ?)').join(', ')}) as added
  where column1 is not null on conflict (key) do nothing`
const ADD_LEFT_OUT = `insert into refusals_left_out (tenant, at_ms, count) values (?, ?, ?)
  on conflict (tenant, at_ms) do update set count = refusals_left_out.count + excluded.count`
const FIND = 'select key, tenant, content from refusals where request_id = ?'
const FIND_ANY = `${FIND} order by key desc limit ?`
const FIND_OF_TENANT = `${FIND} and tenant = ? order by key desc limit ?`
const LIST_ANY = 'select key, tenant, content from refusals where key < ? order by key desc limit ?'
const listOfTenant = (ofTenant = 'tenant = ? and key >= ? and tenant = ? and key < ?') =>
  `select key, tenant, content from refusals where ${ofTenant} order by tenant desc, key desc limit ?`
const LEFT_OUT = 'select tenant, at_ms, count from refusals_left_out'
const LEFT_OUT_ANY = `${LEFT_OUT} order by at_ms desc, tenant limit ?`
const LEFT_OUT_OF_TENANT = `${LEFT_OUT} where tenant = ? order by at_ms desc limit ?`

const PURGE =
  'delete from refusals where key in (select key from refusals where key < ? order by key limit ?)'
const PURGE_LEFT_OUT = `delete from refusals_left_out where (tenant, at_ms) in
  (select tenant, at_ms from refusals_left_out where at_ms < ? order by at_ms limit ?)`
/** The first after another; no tenant is before all. */
const NEXT_TENANT = 'select min(tenant) from refusals where tenant > ?'
const HAS_NONE = "select 1 from refusals where tenant = '' limit 1"
const FIRST_TOO_MANY = 'select key from refusals where tenant = ? order by key desc limit 1 offset ?'
const PURGE_OF_TENANT = `delete from refusals where key in
  (select key from refusals where tenant = ? and key <= ? order by key limit ?)`

const ABOVE_ALL_KEYS = 2 ** 53
const NONE = ''

export function sqlRefusals(driver: SqlDriver, nextKey: NextKey): RefusalStore {
  const listSql = listOfTenant(driver.keysOfTenant)

  async function tenants(): Promise<readonly string[]> {
    const found = (await driver.read(HAS_NONE, [])).length > 0 ? [NONE] : []
    for (let last = NONE; ; ) {
      const [row] = await driver.read(NEXT_TENANT, [last])
      if (typeof row?.[0] !== 'string') return found
      last = row[0]
      found.push(last)
    }
  }

  async function purgeTooMany(most: number, limit: number): Promise<number> {
    let gone = 0
    for (const tenant of await tenants()) {
      if (gone >= limit) break
      const [first] = await driver.read(FIRST_TOO_MANY, [tenant, most])
      if (first === undefined) continue
      gone += await driver.write(() => change(PURGE_OF_TENANT, tenant, Number(first[0]), limit - gone))
    }
    return gone
  }

  return {
    async addRefusals(refusals, leftOut) {
      if (refusals.length + leftOut.length === 0) return
      // Before the operation, which may be run again.
      const rows = refusals.map((refusal) => toColumns(refusal, nextKey()))
      await driver.write(() => add(rows, leftOut))
    },
    async findRefusals(of, requestId, limit) {
      const rows =
        of === 'any'
          ? await driver.read(FIND_ANY, [requestId, limit])
          : await driver.read(FIND_OF_TENANT, [requestId, of.id ?? NONE, limit])
      return rows.map(fromColumns)
    },
    async listRefusals(of, before, limit) {
      const end = before ?? ABOVE_ALL_KEYS
      const rows =
        of === 'any'
          ? await driver.read(LIST_ANY, [end, limit + 1])
          : await driver.read(listSql, [of.id ?? NONE, 0, of.id ?? NONE, end, limit + 1])
      return pageOf(rows.map(fromColumns), limit, ({ key }) => key)
    },
    async listRefusalsLeftOut(of, limit) {
      const rows =
        of === 'any'
          ? await driver.read(LEFT_OUT_ANY, [limit])
          : await driver.read(LEFT_OUT_OF_TENANT, [of.id ?? NONE, limit])
      return rows.map(([tenant, atMs, count]) => ({
        tenant: tenantOf(tenant),
        atMs: Number(atMs),
        count: Number(count),
      }))
    },
    async purgeRefusals(beforeMs, most, limit) {
      const old = await driver.write(() => purge(beforeMs, limit))
      return old < limit ? old + (await purgeTooMany(most, limit - old)) : old
    },
  }
}

function* add(rows: readonly (readonly SqlValue[])[], leftOut: readonly RefusalsLeftOut[]): Operation<void> {
  for (let from = 0; from < rows.length; from += AT_ONCE) {
    const places = Array.from({ length: AT_ONCE }, (_, at) => rows[from + at] ?? [null, null, null, null])
    yield* change(ADD, ...places.flat())
  }
  // In one order, so that no two nodes wait for each other.
  const counts = leftOut.map(({ tenant, atMs, count }) => [tenant ?? NONE, atMs, count] as const)
  for (const columns of counts.sort(([one, first], [other, second]) =>
    one === other ? first - second : one < other ? -1 : 1,
  )) {
    yield* change(ADD_LEFT_OUT, ...columns)
  }
}

function* purge(beforeMs: number, limit: number): Operation<number> {
  const gone = yield* change(PURGE, firstKeyAt(beforeMs), limit)
  return gone + (yield* change(PURGE_LEFT_OUT, beforeMs, limit - gone))
}

function toColumns({ tenant, requestId, ...content }: Refusal, key: number): readonly SqlValue[] {
  return [key, tenant ?? NONE, requestId, JSON.stringify({ requestId, ...content })]
}

function fromColumns([key, tenant, content]: SqlRow): KeptRefusal {
  return {
    ...(JSON.parse(content as string) as Omit<Refusal, 'tenant'>),
    tenant: tenantOf(tenant),
    key: Number(key),
  }
}

function tenantOf(column: SqlValue | undefined): string | null {
  return column === NONE ? null : (column as string)
}

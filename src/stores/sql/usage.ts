import type { SurfaceName } from '../../protocol/policy.ts'
import {
  FACTS_KEPT,
  type UsageFactName,
  type UsageKey,
  type UsageQuery,
  type UsageStore,
  type Use,
} from '../../store/usage.ts'
import { pageOf } from '../page.ts'
import { change, type SqlDriver, type SqlRow, type SqlValue } from './operation.ts'
import { addUsage, USAGE_KEY } from './usage-additions.ts'
import { createFactsSweep, PLACE } from './usage-facts-sweep.ts'

const ARE_ASKED_FOR = `tenant = ? and (? = '' or surface = ?) and (? = '' or use = ?)
  and (? = '' or user_id = ?) and (? = '' or client_id = ?)`
const IN_RANGE = `(${USAGE_KEY}) >= (?, ?, ?, ?) and (${USAGE_KEY}) <= (?, ?, ?, ?)`
// Databases make more than 64 bits of a sum.
const CALLS = 'cast(sum(succeeded) as bigint), cast(sum(failed) as bigint)'

const LIST = `select ${USAGE_KEY}, ${CALLS}, min(first_at), max(last_at),
    max(succeeded * case when expires_in < 3600 then expires_in else 3600 end / 3600)
  from usage_hours where ${ARE_ASKED_FOR} and hour >= ? and (${USAGE_KEY}) > (?, ?, ?, ?)
  group by ${USAGE_KEY} order by ${USAGE_KEY} limit ?`
const LIST_DAYS = `select ${USAGE_KEY}, hour / 86400, ${CALLS}
  from usage_hours where ${ARE_ASKED_FOR} and hour >= ? and ${IN_RANGE}
  group by ${USAGE_KEY}, hour / 86400 order by ${USAGE_KEY}, hour / 86400`
// More are there until they are swept.
const LIST_FACTS = `select ${USAGE_KEY}, fact, value, calls, last_at from
    (select *, ${PLACE} as place from usage_facts where ${ARE_ASKED_FOR} and last_at >= ? and ${IN_RANGE}) as ranked
  where place <= ${FACTS_KEPT} order by last_at desc, fact, value`
// By the index of hours: that of tenants would have it read all there ever was.
const SUM = `select surface, use, hour, ${CALLS} from usage_hours
  where ${ARE_ASKED_FOR.replace('tenant', "tenant || ''")} and hour >= ? and hour < ?
  group by surface, use, hour order by surface, use, hour`
const PURGE_HOURS = `delete from usage_hours where (tenant, ${USAGE_KEY}, hour) in
  (select tenant, ${USAGE_KEY}, hour from usage_hours where hour < ? order by hour limit ?)`

/** Before all: no surface has this name. */
const START = ['', '', '', ''] as const

export function sqlUsage(driver: SqlDriver): UsageStore {
  const sweepFacts = createFactsSweep(driver)
  return {
    async addUsage(usages) {
      if (usages.length === 0) return
      await driver.write(() => addUsage(usages))
    },
    async listUsage(query, after, limit) {
      const start = after === null ? START : columnsOf(after)
      const rows = await driver.read(LIST, [...askedFor(query), ...start, limit + 1])
      const totals = rows.map((row) => {
        const [succeeded = 0, failed = 0, firstAt = 0, lastAt = 0, tokensPerLife = 0] = numbersOf(row)
        return { ...keyOf(row), succeeded, failed, firstAt, lastAt, tokensPerLife }
      })
      return pageOf(totals, limit, ({ surface, use, user, client }) => ({ surface, use, user, client }))
    },
    async listUsageDays(query, first, last) {
      const rows = await driver.read(LIST_DAYS, inRange(query, first, last))
      return rows.map((row) => {
        const [at = 0, succeeded = 0, failed = 0] = numbersOf(row)
        return { ...keyOf(row), at, succeeded, failed }
      })
    },
    async listUsageFacts(query, first, last) {
      const rows = await driver.read(LIST_FACTS, inRange(query, first, last))
      return rows.map((row) => ({
        ...keyOf(row),
        fact: row[4] as UsageFactName,
        value: row[5] as string,
        calls: Number(row[6]),
        lastAt: Number(row[7]),
      }))
    },
    async sumUsage(query, to) {
      return (await driver.read(SUM, [...askedFor(query), to])).map(([surface, use, ...numbers]) => {
        const [at = 0, succeeded = 0, failed = 0] = numbers.map(Number)
        return { surface: surface as SurfaceName, use: use as Use, at, succeeded, failed }
      })
    },
    async purgeUsage(before, limit) {
      const hours = await driver.write(() => change(PURGE_HOURS, before, limit))
      return hours < limit ? hours + (await sweepFacts(before, limit - hours)) : hours
    },
  }
}

function askedFor({ tenant, surface, use, user, client, from }: UsageQuery): readonly SqlValue[] {
  const filters = [surface, use, user, client].map((filter) => filter ?? '')
  return [tenant, ...filters.flatMap((filter) => [filter, filter]), from]
}

function inRange(query: UsageQuery, first: UsageKey, last: UsageKey): readonly SqlValue[] {
  return [...askedFor(query), ...columnsOf(first), ...columnsOf(last)]
}

function columnsOf({ surface, use, user, client }: UsageKey): readonly string[] {
  return [surface, use, user ?? '', client ?? '']
}

function keyOf([surface, use, user, client]: SqlRow): UsageKey {
  return {
    surface: surface as SurfaceName,
    use: use as Use,
    user: user === '' ? null : (user as string),
    client: client === '' ? null : (client as string),
  }
}

/** What follows the key. */
function numbersOf(row: SqlRow): readonly number[] {
  return row.slice(4).map(Number)
}

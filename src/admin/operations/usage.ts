import { LEGACY_SURFACES, type SurfaceName } from '../../protocol/policy.ts'
import { type EpochSeconds, epochSeconds, type Seconds } from '../../protocol/time.ts'
import type {
  UsageCount,
  UsageFact,
  UsageKey,
  UsageQuery,
  UsageSum,
  UsageTotal,
  Use,
} from '../../store/usage.ts'
import type { Listed, Operations } from './operations.ts'
import { requireTenant } from './require-tenant.ts'
import { type FindSuccessor, readSuccessors, type Successor } from './usage-successors.ts'
import { DAY_SECONDS, type DayNumber, TREND_DAYS, trendOf, type UsageTrend } from './usage-trend.ts'

/** How far reports go back, in days, unless it is said: what is done once a month is seen twice. */
const REPORTED_DAYS = 90

/** As many tokens within the life of one: whoever asks for so many keeps none. */
const TOKENS_OF_EACH_CALL = 10

/** Of a shop where 10 000 users log in each day, 2500 rows: 10 milliseconds or so. */
const SUMMED_AT_ONCE: Seconds = 6 * 3600

/** Null: any. */
export interface UsageFilter {
  readonly surface?: SurfaceName | null | undefined
  readonly use?: Use | null | undefined
  /** By id. */
  readonly user?: string | null | undefined
  readonly client?: string | null | undefined
  /** The day that this is in is the first that counts. */
  readonly since?: EpochSeconds | null | undefined
}

/** Calls on a day. */
export interface UsageDay {
  /** When it begins, UTC. */
  readonly day: EpochSeconds
  readonly succeeded: number
  readonly failed: number
}

export type UsageValue = Pick<UsageFact, 'value' | 'calls' | 'lastAt'>

/** What one user or client asks for in one way, as operators see it. Of the days that were asked for. */
export interface UsageResource extends UsageKey, Pick<UsageTrend, 'lastWeek' | 'weekBefore'> {
  /** Null: there is none of the id any more. */
  readonly username: string | null
  readonly clientName: string | null
  readonly succeeded: number
  readonly failed: number
  readonly firstAt: EpochSeconds
  readonly lastAt: EpochSeconds
  /** The most tokens that were asked for while one of them lived. */
  readonly tokensPerLife: number
  /** Whether it asks for a token whenever it needs one, and keeps none. */
  readonly asksEachTime: boolean
  /** Whether it is by the password grant, or on a legacy surface. */
  readonly deprecated: boolean
  /** A client that could take over; null: there is none that one could tell, or no need. */
  readonly successor: Successor | null
  readonly days: readonly UsageDay[]
  /** The latest first; at most 20. */
  readonly sources: readonly UsageValue[]
  readonly agents: readonly UsageValue[]
  /** The scopes that were granted, in one set. */
  readonly scopes: readonly string[]
  readonly refusals: readonly UsageValue[]
}

/** Calls of all in one way. */
export interface UsageOfAll extends UsageTrend {
  readonly surface: SurfaceName
  readonly use: Use
  readonly deprecated: boolean
  readonly succeeded: number
  readonly failed: number
  readonly days: readonly UsageDay[]
  /** Calls that succeeded, by hour of the day: 24 numbers; UTC. */
  readonly hours: readonly number[]
}

export interface UsageSummary {
  /** The begin of the first day that counts. */
  readonly since: EpochSeconds
  /** Until when it is known what was counted; a minute may be missing. */
  readonly until: EpochSeconds
  readonly uses: readonly UsageOfAll[]
}

/** In the order of surface, use, user and client. Throws `not_found` (tenant). */
export async function listUsage(
  operations: Operations,
  tenant: string,
  filter: UsageFilter,
  page: { readonly after: UsageKey | null; readonly limit: number },
): Promise<Listed<UsageResource, UsageKey>> {
  await requireTenant(operations, tenant)
  const { store } = operations
  const query = queryOf(operations, tenant, filter)
  const { rows, next } = await store.listUsage(query, page.after, page.limit)
  const first = rows[0]
  const last = rows.at(-1)
  if (first === undefined || last === undefined) return { items: [], next }
  const days = groupByKey(await store.listUsageDays(trendQuery(query, operations), first, last))
  const facts = groupByKey(await store.listUsageFacts(query, first, last))
  const findSuccessor = await readSuccessors(operations, tenant)
  const items: UsageResource[] = []
  for (const row of rows) {
    const name = nameOf(row)
    const known = { days: days.get(name) ?? [], facts: facts.get(name) ?? [] }
    items.push(await toResource(operations, query, row, known, findSuccessor))
  }
  return { items, next }
}

/** Throws `not_found` (tenant). */
export async function summarizeUsage(
  operations: Operations,
  tenant: string,
  filter: UsageFilter,
): Promise<UsageSummary> {
  await requireTenant(operations, tenant)
  const { store, clock } = operations
  const query = queryOf(operations, tenant, filter)
  const today = todayOf(operations)
  const sums = await readSums(store, trendQuery(query, operations), today)
  const uses = [...sums.values()].flatMap((hours): readonly UsageOfAll[] => {
    const days = byDay(hours)
    const counted = daysSince(query, days)
    const of = hours[0]
    if (of === undefined || counted.length === 0) return []
    return [
      {
        surface: of.surface,
        use: of.use,
        deprecated: isDeprecated(of),
        succeeded: counted.reduce((total, { succeeded }) => total + succeeded, 0),
        failed: counted.reduce((total, { failed }) => total + failed, 0),
        ...trendOf(succeededByDay(days), today),
        days: counted,
        hours: byHourOfDay(hours.filter(({ at }) => at >= query.from)),
      },
    ]
  })
  return { since: query.from, until: epochSeconds(clock), uses }
}

/** Of each way, the hours in their order. */
async function readSums(
  store: Operations['store'],
  query: UsageQuery,
  today: DayNumber,
): Promise<ReadonlyMap<string, readonly UsageSum[]>> {
  const sums: UsageSum[] = []
  for (let { from } = query; from < (today + 1) * DAY_SECONDS; from += SUMMED_AT_ONCE) {
    sums.push(...(await store.sumUsage({ ...query, from }, from + SUMMED_AT_ONCE)))
    // Whoever waits for a token has a turn after each: some databases answer at once.
    await new Promise((resolve) => setImmediate(resolve))
  }
  const ways = Map.groupBy(sums, ({ surface, use }) => JSON.stringify([surface, use]))
  return new Map([...ways].sort(([one], [other]) => (one < other ? -1 : 1)))
}

function byDay(hours: readonly UsageCount[]): readonly UsageCount[] {
  return [...Map.groupBy(hours, ({ at }) => Math.floor(at / DAY_SECONDS))].map(([at, ofDay]) => ({
    at,
    succeeded: ofDay.reduce((total, { succeeded }) => total + succeeded, 0),
    failed: ofDay.reduce((total, { failed }) => total + failed, 0),
  }))
}

/** 24 numbers. */
function byHourOfDay(hours: readonly UsageCount[]): readonly number[] {
  const ofHour = Array<number>(24).fill(0)
  for (const { at, succeeded } of hours) {
    const hour = (at % DAY_SECONDS) / 3600
    ofHour[hour] = (ofHour[hour] ?? 0) + succeeded
  }
  return ofHour
}

async function toResource(
  { store, clock }: Operations,
  query: UsageQuery,
  total: UsageTotal,
  known: { readonly days: readonly UsageCount[]; readonly facts: readonly UsageFact[] },
  findSuccessor: FindSuccessor,
): Promise<UsageResource> {
  const { tokensPerLife, ...row } = total
  const user = row.user === null ? null : await store.findUser(query.tenant, row.user)
  const client = row.client === null ? null : await store.findClient(query.tenant, row.client)
  const { lastWeek, weekBefore } = trendOf(succeededByDay(known.days), todayOf({ clock }))
  const deprecated = isDeprecated(row)
  const valuesOf = (name: UsageFact['fact']): readonly UsageValue[] =>
    known.facts
      .filter(({ fact }) => fact === name)
      .map(({ value, calls, lastAt }) => ({ value, calls, lastAt }))
  return {
    ...row,
    username: user?.username ?? null,
    clientName: client?.name ?? null,
    lastWeek,
    weekBefore,
    // A refresh token is asked with again and again, as it is meant.
    tokensPerLife: isLogin(row) ? tokensPerLife : 0,
    asksEachTime: isLogin(row) && tokensPerLife >= TOKENS_OF_EACH_CALL,
    deprecated,
    successor: deprecated ? findSuccessor(user) : null,
    days: daysSince(query, known.days),
    sources: valuesOf('source'),
    agents: valuesOf('agent'),
    scopes: [...new Set(valuesOf('scope').flatMap(({ value }) => value.split(' ')))].sort(),
    refusals: valuesOf('refusal'),
  }
}

function isDeprecated({ surface, use }: Pick<UsageKey, 'surface' | 'use'>): boolean {
  return use === 'password' || LEGACY_SURFACES.some((legacy) => legacy === surface)
}

function isLogin({ use }: UsageKey): boolean {
  return use === 'password' || use === 'client_credentials'
}

function queryOf({ clock }: Pick<Operations, 'clock'>, tenant: string, filter: UsageFilter): UsageQuery {
  const { surface = null, use = null, user = null, client = null } = filter
  const since = filter.since ?? (todayOf({ clock }) - REPORTED_DAYS) * DAY_SECONDS
  return { tenant, surface, use, user, client, from: Math.max(0, since - (since % DAY_SECONDS)) }
}

/** The same, as far back as a trend needs it. */
function trendQuery(query: UsageQuery, { clock }: Pick<Operations, 'clock'>): UsageQuery {
  return { ...query, from: Math.min(query.from, Math.max(0, todayOf({ clock }) - TREND_DAYS) * DAY_SECONDS) }
}

function todayOf({ clock }: Pick<Operations, 'clock'>): number {
  return Math.floor(epochSeconds(clock) / DAY_SECONDS)
}

function daysSince({ from }: UsageQuery, days: readonly UsageCount[]): readonly UsageDay[] {
  return days
    .map(({ at, succeeded, failed }) => ({ day: at * DAY_SECONDS, succeeded, failed }))
    .filter(({ day }) => day >= from)
}

function succeededByDay(days: readonly UsageCount[]): ReadonlyMap<number, number> {
  return new Map(days.map(({ at, succeeded }) => [at, succeeded]))
}

function groupByKey<Row extends UsageKey>(rows: readonly Row[]): ReadonlyMap<string, readonly Row[]> {
  return Map.groupBy(rows, nameOf)
}

function nameOf({ surface, use, user, client }: UsageKey): string {
  return JSON.stringify([surface, use, user, client])
}

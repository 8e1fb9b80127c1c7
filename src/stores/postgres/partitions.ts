import type { EpochSeconds, Seconds } from '../../protocol/time.ts'
import type { TokenKey } from '../../store/rows.ts'
import { firstKeyAt, keysWithin } from '../key-sequence.ts'
import { rememberKey } from '../sql/key-lane.ts'
import { change, type Operation, type SqlDriver, select } from '../sql/operation.ts'

/**
 * The rows of tokens lie in one partition a day, in the order of their keys, so that a day whose tokens are all dead
 * goes at once; what is long past may be put together: see `spans.ts`. What has no partition, because a clock is wrong
 * or nobody made one, is in `tokens_default`.
 */
export interface Partition {
  readonly name: string
  /** It has the keys from `firstKey` and below `endKey`. */
  readonly firstKey: number
  readonly endKey: number
  /** When the first and the last of its rows are dead, as things are; null: it is empty. */
  readonly firstDeadAt: EpochSeconds | null
  readonly lastDeadAt: EpochSeconds | null
  /** Whether rows of it are found by a hash, which has to be forgotten with each of them. */
  readonly hasImported: boolean
}

const DAY_MS = 86_400_000
const DAY: Seconds = 86_400

/** Made ahead of time: nodes that run have many chances before one is missing. */
const DAYS_AHEAD = 7

/** Today and tomorrow. */
const SOON = 2

/** One node at a time makes or drops partitions (an arbitrary number, the same for all). */
export const LOCK_PARTITIONS = 'select pg_advisory_xact_lock(7313140001)'

/** All other work on tokens, of all nodes, stands behind us in the queue while we wait for what is under way. */
export const SHORT_LOCK = "set local lock_timeout = '50ms'"

/** The names of all but the default one, the oldest first. */
export const PARTITION_NAMES = `select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid
  where i.inhparent = 'tokens'::regclass and c.relname ~ '^tokens_[0-9]{4,8}$' order by c.relname`

/** A query each: the indexes give the ends at once. */
const ENDS = `select (select min(dead_at) from tokens where key >= ? and key < ?),
  (select max(dead_at) from tokens where key >= ? and key < ?),
  exists (select 1 from imported_tokens where key >= ? and key < ?)`

const HIGHEST_KEY = 'select max(key) from tokens where key >= ? and key < ?'
const HAS_STRAYED = 'select 1 from tokens_default where key >= ? and key < ? limit 1'

/** The partitions of today and the next days that are missing, and those of them that are needed soon. */
export async function readMissing(
  driver: Pick<SqlDriver, 'read'>,
  now: EpochSeconds,
): Promise<{ readonly names: readonly string[]; readonly soon: readonly string[] }> {
  const known = (await driver.read(PARTITION_NAMES, [])).map(([name]) => name)
  const names = daysFrom(now).map(nameOf)
  const isMissing = (name: string) => !known.includes(name)
  return { names: names.filter(isMissing), soon: names.slice(0, SOON).filter(isMissing) }
}

/**
 * Makes the partitions of today and the next days, where they are missing. The names of those that can not be made,
 * because rows of theirs are in `tokens_default` already: there the others go, too.
 */
export function* makePartitions(now: EpochSeconds): Operation<readonly string[]> {
  yield* select(LOCK_PARTITIONS)
  const known = (yield* select(PARTITION_NAMES)).map(([name]) => name)
  const missing = daysFrom(now).filter((dayMs) => !known.includes(nameOf(dayMs)))
  const impossible: string[] = []
  if (missing.length > 0) yield* change(SHORT_LOCK)
  for (const dayMs of missing) {
    const name = nameOf(dayMs)
    const { firstKey, endKey } = keysOf(name)
    if ((yield* select(HAS_STRAYED, firstKey, endKey)).length > 0) impossible.push(name)
    else
      yield* change(`create table ${name} partition of tokens for values from (${firstKey}) to (${endKey})`)
  }
  return impossible
}

/**
 * All partitions but the default one, the oldest first. They are asked about one after the other, so that whoever else
 * reads never waits for more than one such query.
 */
export async function readPartitions(driver: Pick<SqlDriver, 'read'>): Promise<readonly Partition[]> {
  const partitions: Partition[] = []
  for (const [name] of await driver.read(PARTITION_NAMES, [])) {
    const { firstKey, endKey } = keysOf(name as string)
    const [ends] = await driver.read(ENDS, [firstKey, endKey, firstKey, endKey, firstKey, endKey])
    partitions.push({
      name: name as string,
      firstKey,
      endKey,
      firstDeadAt: (ends?.[0] ?? null) as number | null,
      lastDeadAt: (ends?.[1] ?? null) as number | null,
      hasImported: (ends?.[2] as unknown) === true,
    })
  }
  return partitions
}

/** Whether it can go as a whole at a time: then its rows need not be deleted one by one. */
export function isDeadAt(partition: Partition, time: EpochSeconds): boolean {
  const { endKey, lastDeadAt, hasImported } = partition
  return endKey <= firstKeyAt(time * 1000) && (lastDeadAt === null || lastDeadAt <= time) && !hasImported
}

/** Drops a partition, unless one of its rows is still of use, or somebody else has dropped it. Whether it did. */
export function* dropPartition({ name, firstKey, endKey }: Partition, now: EpochSeconds): Operation<boolean> {
  yield* select(LOCK_PARTITIONS)
  const known = (yield* select(PARTITION_NAMES)).map(([other]) => other)
  if (!known.includes(name)) return false
  // Nobody reads or writes tokens from then until the end, which is near.
  yield* change(SHORT_LOCK)
  yield* change('lock table tokens in access exclusive mode')
  const [ends] = yield* select(ENDS, firstKey, endKey, firstKey, endKey, firstKey, endKey)
  const lastDeadAt = (ends?.[1] ?? null) as number | null
  if ((lastDeadAt !== null && lastDeadAt > now) || (ends?.[2] as unknown) === true) return false
  const [highest] = yield* select(HIGHEST_KEY, firstKey, endKey)
  if (typeof highest?.[0] === 'number') yield* rememberKey(highest[0])
  yield* change(`drop table ${name}`)
  return true
}

/** Today and the days to come that should have a partition. */
function daysFrom(now: EpochSeconds): readonly number[] {
  return Array.from({ length: DAYS_AHEAD + 1 }, (_, index) => startOfDayMs(now) + index * DAY_MS)
}

function startOfDayMs(now: EpochSeconds): number {
  return Math.floor(now / DAY) * DAY_MS
}

/** `tokens_20261122`, in UTC. */
function nameOf(dayMs: number): string {
  return `tokens_${new Date(dayMs).toISOString().slice(0, 10).replaceAll('-', '')}`
}

/** A number for the day that has a key: statements about rows of one day look at one partition. */
export function dayOf(key: TokenKey): number {
  return Math.floor(key / keysWithin(DAY_MS))
}

/** The keys of a day, a month or a year: `tokens_20261122`, `tokens_202611`, `tokens_2026`. */
export function keysOf(name: string): Pick<Partition, 'firstKey' | 'endKey'> {
  const digits = name.slice('tokens_'.length)
  const [year = 0, month = 0, day = 0] = [digits.slice(0, 4), digits.slice(4, 6), digits.slice(6)].map(Number)
  const startMs = Date.UTC(year, Math.max(month, 1) - 1, Math.max(day, 1))
  const nextMs = month === 0 ? Date.UTC(year + 1) : Date.UTC(year, day === 0 ? month : month - 1, day + 1)
  return { firstKey: firstKeyAt(startMs), endKey: firstKeyAt(nextMs) }
}

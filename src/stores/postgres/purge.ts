import { type Clock, type EpochSeconds, epochSeconds, type Seconds } from '../../protocol/time.ts'
import type { TokenStore } from '../../store/store.ts'
import type { Operation, SqlDriver } from '../sql/operation.ts'
import { deleteTokens, type PurgePart, purgeAssertions, purgeDenials, purgeInTurns } from '../sql/purge.ts'
import { isLockTimeout } from './failure.ts'
import {
  dropPartition,
  isDeadAt,
  makePartitions,
  type Partition,
  readMissing,
  readPartitions,
} from './partitions.ts'
import { spansOf, unite } from './spans.ts'

/** Rows of a day that is all dead so soon are left to go with it, at no cost. */
export const LEFT_TO_DROP: Seconds = 86_400

/** After a lock that was not to be had; whoever keeps it, such as a dump, often does so for long. */
const REST: Seconds = 3600

const NOT_MADE = 'partitions for the next days could not be made: rows go to tokens_default meanwhile'
const NOT_DROPPED = 'days whose tokens are all dead could not be dropped: they are kept meanwhile'
const NOT_UNITED = 'old days could not be put together: they are kept as they are meanwhile'

// Of rows that another node is deleting, it will do so.
const PURGE_PARTITION = `delete from tokens where key >= ? and key < ? and dead_at <= ? and key in (
  select key from tokens where key >= ? and key < ? and dead_at <= ? order by dead_at limit ? for update skip locked
) returning key`
const PURGE_DEFAULT = `delete from tokens_default where dead_at <= ? and key in (
  select key from tokens_default where dead_at <= ? order by dead_at limit ? for update skip locked
) returning key`

/** Between two steps of putting old days together. */
const PAUSE_MS = 20

export interface Purging {
  readonly purge: TokenStore['purge']
  /** Makes the partitions of the next days. */
  prepare(): Promise<void>
  /** Begins nothing new that takes long. */
  stop(): void
}

export interface PurgingOptions {
  readonly driver: SqlDriver
  readonly clock: Clock
  /** False: rows are only deleted one by one. */
  readonly dropsPartitions: boolean
  /** Is told why partitions could not be made. */
  readonly onWarning: (message: string, cause?: unknown) => void
}

/** Drops days that are dead and deletes dead rows of others; puts old days together, and makes those to come. */
export function createPurging({ driver, clock, dropsPartitions, onWarning }: PurgingOptions): Purging {
  /** The partitions that are left to look at; null: all, as they will be then. */
  let round: Partition[] | null = null
  /** Before that no lock is asked for that all requests for tokens would wait for; 0: any time. */
  let restsUntil: EpochSeconds = 0
  /** Those that were impossible to make. */
  const impossible = new Set<string>()
  const warned = new Set<string>()
  let stopped = false

  async function prepare(): Promise<void> {
    const now = epochSeconds(clock)
    let isUrgent = true
    try {
      const missing = await readMissing(driver, now)
      isUrgent = missing.soon.some((name) => !impossible.has(name))
      if (missing.names.length === 0 || (now < restsUntil && !isUrgent)) return
      for (const name of await driver.write(() => makePartitions(now))) warnOfClock(name)
      warned.delete(NOT_MADE)
    } catch (cause) {
      if (isLockTimeout(cause)) restsUntil = now + REST
      if (isUrgent || !isLockTimeout(cause)) warnOnce(NOT_MADE, cause)
    }
  }

  function warnOfClock(name: string): void {
    impossible.add(name)
    warnOnce(
      `tokens were issued long before their time, by a clock that was wrong: so there will be no ${name}`,
    )
  }

  function warnOnce(message: string, cause?: unknown): void {
    if (warned.has(message)) return
    warned.add(message)
    onWarning(message, cause)
  }

  /** Drops one after the other, as long as that succeeds; how many it did. */
  async function drop(partitions: readonly Partition[], now: EpochSeconds): Promise<number> {
    let dropped = 0
    try {
      for (const partition of partitions) {
        if (now < restsUntil) break
        if (await driver.write(() => dropPartition(partition, now))) dropped += 1
        warned.delete(NOT_DROPPED)
      }
    } catch (cause) {
      restsUntil = now + REST
      if (!isLockTimeout(cause)) warnOnce(NOT_DROPPED, cause)
    }
    return dropped
  }

  async function uniteOldDays(partitions: readonly Partition[], now: EpochSeconds): Promise<void> {
    try {
      for (const span of spansOf(partitions, now)) {
        if (now < restsUntil || stopped) return
        await unite(driver, span, pause)
        warned.delete(NOT_UNITED)
      }
    } catch (cause) {
      restsUntil = now + REST
      if (!isLockTimeout(cause) && !stopped) warnOnce(NOT_UNITED, cause)
    }
  }

  async function pause(): Promise<boolean> {
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
    return !stopped
  }

  /** Null: there is nothing to be deleted row by row. */
  function partOf(partition: Partition, now: EpochSeconds): PurgePart | null {
    const { firstKey, endKey, firstDeadAt } = partition
    if (firstDeadAt === null || firstDeadAt > now) return null
    if (dropsPartitions && isDeadAt(partition, now + LEFT_TO_DROP)) return null
    return (until, limit) =>
      deleteTokens(PURGE_PARTITION, firstKey, endKey, until, firstKey, endKey, until, limit)
  }

  async function startRound(now: EpochSeconds): Promise<{ dropped: number; rest: Partition[] }> {
    await prepare()
    const { dead = [], rest = [] } = Object.groupBy(await readPartitions(driver), (partition) =>
      dropsPartitions && isDeadAt(partition, now) ? 'dead' : 'rest',
    )
    const dropped = await drop(dead, now)
    if (dropsPartitions) await uniteOldDays(rest, now)
    return { dropped, rest }
  }

  async function purge(now: EpochSeconds, limit: number): Promise<number> {
    let count = 0
    if (round === null) {
      const { dropped, rest } = await startRound(now)
      round = rest
      count += dropped
    }
    while (round.length > 0 && count < limit) {
      const [partition] = round as [Partition]
      const part = partOf(partition, now)
      const size = limit - count
      const deleted = part === null ? 0 : await purgeInTurns(driver, now, size, [part])
      count += deleted
      if (deleted < size) round.shift()
    }
    if (count >= limit) return count
    count += await purgeInTurns(driver, now, limit - count, [purgeDefault, purgeDenials, purgeAssertions])
    if (count < limit) round = null
    return count
  }

  let last: Promise<unknown> = Promise.resolve()
  return {
    prepare,
    stop() {
      stopped = true
    },
    /** One after the other, for they share a round. */
    purge(now, limit) {
      const purged = last.then(() => purge(now, limit))
      last = purged.catch(() => {})
      return purged
    },
  }
}

function* purgeDefault(now: EpochSeconds, limit: number): Operation<number> {
  return yield* deleteTokens(PURGE_DEFAULT, now, now, limit)
}

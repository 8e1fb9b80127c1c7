import { type Clock, type EpochSeconds, epochSeconds, type Seconds } from '../../protocol/time.ts'
import { StoreUnavailable } from '../../store/errors.ts'
import type { TokenStore } from '../../store/store.ts'
import type { Operation, SqlDriver } from '../sql/operation.ts'
import { deleteTokens, type PurgePart, purgeDenials, purgeInTurns } from '../sql/purge.ts'
import { dropPartition, isDeadAt, makePartitions, type Partition, readPartitions } from './partitions.ts'

/** Rows of a day that is all dead so soon are left to go with it, at no cost. */
const LEFT_TO_DROP: Seconds = 86_400

// Of rows that another node is deleting, it will do so.
const PURGE_PARTITION = `delete from tokens where key >= ? and key < ? and dead_at <= ? and key in (
  select key from tokens where key >= ? and key < ? and dead_at <= ? order by dead_at limit ? for update skip locked
) returning key`
const PURGE_DEFAULT = `delete from tokens_default where dead_at <= ? and key in (
  select key from tokens_default where dead_at <= ? order by dead_at limit ? for update skip locked
) returning key`

export interface Purging {
  readonly purge: TokenStore['purge']
  /** Makes the partitions of the next days. */
  prepare(): Promise<void>
}

export interface PurgingOptions {
  readonly driver: SqlDriver
  readonly clock: Clock
  /** False: rows are only deleted one by one. */
  readonly dropsPartitions: boolean
  /** Is told why partitions could not be made. */
  readonly onWarning: (message: string, cause?: unknown) => void
}

/** Drops days that are dead and deletes dead rows of others; makes the days to come. */
export function createPurging({ driver, clock, dropsPartitions, onWarning }: PurgingOptions): Purging {
  /** The partitions that are left to look at; null: all, as they will be then. */
  let round: Partition[] | null = null
  const warnedOf = new Set<string>()

  async function prepare(): Promise<void> {
    try {
      const impossible = await driver.write(() => makePartitions(epochSeconds(clock)))
      for (const name of impossible) warnOfClock(name)
    } catch (cause) {
      onWarning('partitions for the next days could not be made: rows go to tokens_default meanwhile', cause)
    }
  }

  function warnOfClock(name: string): void {
    if (warnedOf.has(name)) return
    warnedOf.add(name)
    onWarning(
      `tokens were issued long before their time, by a clock that was wrong: so there will be no ${name}`,
    )
  }

  async function drop(partition: Partition, now: EpochSeconds): Promise<number> {
    try {
      return (await driver.write(() => dropPartition(partition, now))) ? 1 : 0
    } catch (error) {
      // Somebody has been busy in it for too long: another time.
      if (error instanceof StoreUnavailable) return 0
      throw error
    }
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
    const rest: Partition[] = []
    let dropped = 0
    for (const partition of await readPartitions(driver)) {
      if (dropsPartitions && isDeadAt(partition, now)) dropped += await drop(partition, now)
      else rest.push(partition)
    }
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
    count += await purgeInTurns(driver, now, limit - count, [purgeDefault, purgeDenials])
    if (count < limit) round = null
    return count
  }

  let last: Promise<unknown> = Promise.resolve()
  return {
    prepare,
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

import type { EpochSeconds } from '../../protocol/time.ts'
import type { TokenKey } from '../../store/rows.ts'
import type { TokenStore } from '../../store/store.ts'
import type { SqlDriver } from './operation.ts'
import { deleteTokens, PURGED_AT_ONCE, purgeAssertions, purgeDenials, purgeInTurns } from './purge.ts'

/** Rows that are looked at in one go, which takes a fifth of a millisecond. */
const PART = 1000

/** Between two parts: a look at 10 million rows lasts two minutes, and keeps the process for two seconds of them. */
const PAUSE_MS = 10

const END_OF_PART = `select max(key) from (select key from tokens where key > ? order by key limit ${PART}) as part`
const DEAD = 'select key from tokens where key > ? and key <= ? and dead_at <= ? order by key limit ?'
// Asked again of the row itself: it may be extended while the deletion waits for it.
const DELETE = `delete from tokens where key in (${Array(PURGED_AT_ONCE).fill('?').join(', ')}) and dead_at <= ?
  returning key`

/** Before all keys. */
const START: TokenKey = 0

/** Rows with keys above one, up to another. */
interface Part {
  readonly after: TokenKey
  readonly end: TokenKey
}

/**
 * Deletes dead rows by looking at all rows in turn, in the order of their keys; the next call goes on where this one
 * has reached its limit.
 *
 * There is no index of deaths to find them by: each refresh would change it in two places, one of them anywhere, which
 * takes longer than all else that it writes once there are millions of tokens.
 */
export function createSweep(driver: SqlDriver): TokenStore['purge'] {
  let next = START

  return async (now, limit, isStopped = () => false) => {
    // First, since they are found by their indexes: else each call would look at all tokens for a few of them.
    let count = await purgeInTurns(driver, now, limit, [purgeDenials, purgeAssertions])
    if (count >= limit) return count
    for await (const part of partsFrom(driver, next)) {
      const cleared = await clear(driver, part, now, limit - count)
      count += cleared.count
      next = cleared.end
      if (count >= limit) return count
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
      if (isStopped()) return count
    }
    return count
  }
}

/** All rows, once: from a key to the last, then those before. */
async function* partsFrom(driver: SqlDriver, start: TokenKey): AsyncGenerator<Part> {
  for (const [from, until] of [
    [start, Number.POSITIVE_INFINITY],
    [START, start],
  ] as const) {
    for (let after: TokenKey = from; after < until; ) {
      const [row] = await driver.read(END_OF_PART, [after])
      const end = row?.[0]
      if (typeof end !== 'number') break
      yield { after, end }
      after = end
    }
  }
}

/** Deletes up to `limit` dead rows of a part: how many, and the key it has come to. */
async function clear(
  driver: SqlDriver,
  { after, end }: Part,
  now: EpochSeconds,
  limit: number,
): Promise<{ readonly count: number; readonly end: TokenKey }> {
  let count = 0
  for (let from = after; ; ) {
    const size = Math.min(limit - count, PURGED_AT_ONCE)
    if (size <= 0) return { count, end: from }
    const keys = (await driver.read(DEAD, [from, end, now, size])).map(([key]) => Number(key))
    if (keys.length > 0) {
      const places = Array.from({ length: PURGED_AT_ONCE }, (_, index) => keys[index] ?? null)
      count += await driver.write(() => deleteTokens(DELETE, ...places, now))
    }
    if (keys.length < size) return { count, end }
    from = keys.at(-1) ?? end
  }
}

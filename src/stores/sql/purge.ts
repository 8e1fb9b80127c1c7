import type { EpochSeconds } from '../../protocol/time.ts'
import { rememberKey } from './key-lane.ts'
import { change, changeReturning, type Operation, type SqlDriver, type SqlValue } from './operation.ts'

/** Deletes up to `limit` rows of one kind in one transaction; how many. */
export type PurgePart = (now: EpochSeconds, limit: number) => Operation<number>

/** Rows one transaction deletes: a few milliseconds, after which other writes have their turn. */
export const PURGED_AT_ONCE = 200

const PURGE_IMPORTED = `delete from imported_tokens where key in (${Array(PURGED_AT_ONCE).fill('?').join(', ')})`
const PURGE_DENIED = `delete from denied_jwts where (tenant, id) in
  (select tenant, id from denied_jwts where expires_at <= ? order by expires_at limit ?) and expires_at <= ?`
const PURGE_ASSERTIONS = `delete from spent_assertions where (tenant, client_id, digest) in
  (select tenant, client_id, digest from spent_assertions where expires_at <= ? order by expires_at limit ?)
  and expires_at <= ?`

/** In several transactions, each in its own turn, so that a large purge does not hold up the tokens of others. */
export async function purgeInTurns(
  driver: SqlDriver,
  now: EpochSeconds,
  limit: number,
  parts: readonly PurgePart[],
): Promise<number> {
  let count = 0
  for (const part of parts) {
    for (;;) {
      const size = Math.min(PURGED_AT_ONCE, limit - count)
      if (size <= 0) return count
      const deleted = await driver.write(() => part(now, size))
      count += deleted
      if (deleted < size) break
    }
  }
  return count
}

/** Runs a deletion of at most `PURGED_AT_ONCE` tokens that returns their keys, and forgets what else is known of them. */
export function* deleteTokens(sql: string, ...parameters: readonly SqlValue[]): Operation<number> {
  const keys = (yield* changeReturning(sql, ...parameters)).map(([key = null]) => key)
  const places = Array.from({ length: PURGED_AT_ONCE }, (_, index) => keys[index] ?? null)
  if (keys.length > 0) {
    yield* change(PURGE_IMPORTED, ...places)
    yield* rememberKey(Math.max(...keys.map(Number)))
  }
  return keys.length
}

export function* purgeAssertions(now: EpochSeconds, limit: number): Operation<number> {
  return yield* change(PURGE_ASSERTIONS, now, limit, now)
}

export function* purgeDenials(now: EpochSeconds, limit: number): Operation<number> {
  return yield* change(PURGE_DENIED, now, limit, now)
}

import type { AuditEvent } from '../../store/audit.ts'
import type {
  LoginBucket,
  LoginBucketKey,
  LoginFailureQuery,
  LoginFailureStore,
} from '../../store/login-failures.ts'
import { change, type Operation, record, type SqlDriver, type SqlRow, type SqlValue } from './operation.ts'

const IS_ONE = 'user_digest = ? and source_digest = ?'
// Of several at once each waits for the one before, and finds what that has left.
const ADD = `insert into login_failures (user_digest, source_digest, empty_at_ms) values (?, ?, ?)
  on conflict (user_digest, source_digest) do update set empty_at_ms = ? +
    case when login_failures.empty_at_ms > ? then login_failures.empty_at_ms else ? end
  where login_failures.empty_at_ms <= ?`
const TAKE_BACK = `update login_failures set empty_at_ms = empty_at_ms - ? where ${IS_ONE}`
const CUT_DOWN = `update login_failures set empty_at_ms = ? where ${IS_ONE} and empty_at_ms > ?`
const READ_ONE = `select user_digest, source_digest, empty_at_ms from login_failures where ${IS_ONE}`
// Half of what it takes SQLite to find one or the other by one condition.
const READ = `${READ_ONE} union all ${READ_ONE}`
const ARE_ASKED_FOR = 'user_digest = ? and (? = 1 or source_digest = ?)'
const LIST = `select user_digest, source_digest, empty_at_ms from login_failures where ${ARE_ASKED_FOR}
  order by empty_at_ms desc limit ?`
const CLEAR = `delete from login_failures where ${ARE_ASKED_FOR}`
// In whatever order others take the same rows: it waits for nobody who may wait for it.
const purge = (skipLocked: string) => `delete from login_failures where (user_digest, source_digest) in
  (select user_digest, source_digest from login_failures where empty_at_ms <= ? order by empty_at_ms limit ?
  ${skipLocked}) and empty_at_ms <= ?`

const ALL_USERS = ''

export function sqlLoginFailures(driver: SqlDriver): LoginFailureStore {
  const purgeSql = purge(driver.skipLocked ?? '')
  return {
    addLoginFailure: (buckets, nowMs) => driver.write(() => add(buckets, nowMs)),
    async readLoginFailures(buckets) {
      const [first, second = first] = buckets.map(keyOf)
      if (first === undefined || second === undefined) return []
      const rows = await driver.read(READ, [...first, ...second])
      return buckets.map((bucket) => emptyAtMs(rows, bucket))
    },
    async listLoginFailures(query, limit) {
      const rows = await driver.read(LIST, [...askedFor(query), limit])
      return rows.map(([user, source, emptyAtMs]) => ({
        user: user === ALL_USERS ? null : (user as string),
        source: source as string,
        emptyAtMs: Number(emptyAtMs),
      }))
    },
    clearLoginFailures: (query, event) => driver.write(() => clear(query, event)),
    purgeLoginFailures: (nowMs, limit) => driver.write(() => change(purgeSql, nowMs, limit, nowMs)),
  }
}

function* clear(query: LoginFailureQuery, event: AuditEvent | undefined): Operation<number> {
  const cleared = yield* change(CLEAR, ...askedFor(query))
  if (cleared > 0) yield* record(event)
  return cleared
}

/** In the order of the buckets, which is the same for all, so that no two wait for each other. */
function* add(buckets: readonly LoginBucket[], nowMs: number): Operation<boolean> {
  for (const [index, bucket] of buckets.entries()) {
    const { failureMs, capacityMs } = bucket
    const fullMs = nowMs + capacityMs
    const parameters = [nowMs + failureMs, failureMs, nowMs, nowMs, fullMs - failureMs]
    if ((yield* change(ADD, ...keyOf(bucket), ...parameters)) > 0) continue
    yield* change(CUT_DOWN, fullMs, ...keyOf(bucket), fullMs)
    // Thrown, it would have all be done again that shares the transaction.
    for (const added of buckets.slice(0, index)) yield* change(TAKE_BACK, added.failureMs, ...keyOf(added))
    return false
  }
  return true
}

function keyOf({ user, source }: LoginBucketKey): readonly [string, string] {
  return [user ?? ALL_USERS, source]
}

function emptyAtMs(rows: readonly SqlRow[], bucket: LoginBucketKey): number {
  const [user, source] = keyOf(bucket)
  return Number(rows.find((row) => row[0] === user && row[1] === source)?.[2] ?? 0)
}

function askedFor(query: LoginFailureQuery): readonly SqlValue[] {
  return 'user' in query ? [query.user, 1, ''] : [ALL_USERS, 0, query.source]
}

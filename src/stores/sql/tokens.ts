import type { EpochSeconds } from '../../protocol/time.ts'
import type { AuditEvent } from '../../store/audit.ts'
import { StoreUnavailable } from '../../store/errors.ts'
import type { TokenKey, TokenRow } from '../../store/rows.ts'
import type { IssueOutcome, IssueWrite, Page, PurgePace, TokenQuery, TokenStore } from '../../store/store.ts'
import { APART } from '../family.ts'
import type { NextKey } from '../key-sequence.ts'
import { pageOf } from '../page.ts'
import { placesOf } from './imported-places.ts'
import {
  change,
  changeReturning,
  type Operation,
  placeHolders,
  record,
  type SqlDriver,
  select,
} from './operation.ts'
import { createSweep } from './sweep.ts'
import { TOKEN_COLUMNS, tokenFromColumns, tokenToColumns } from './token-columns.ts'

export const FIND_TOKEN = `select ${TOKEN_COLUMNS} from tokens where key = ?`
const FIND_IMPORTED = 'select length(hash), key from imported_tokens where hash in (?, ?)'
export const INSERT_TOKEN = `insert into tokens (${TOKEN_COLUMNS}) values (${placeHolders(TOKEN_COLUMNS)})
  on conflict (key) do nothing`
/** A row whose refresh token works. */
const IS_SPENDABLE = 'spent_at is null and revoked_at is null and refresh_hash is not null'
export const SPEND_TOKEN = `update tokens set successor = ?, spent_at = ? where key = ? and ${IS_SPENDABLE}`
// Of two refreshes that read the same end, the one that is written last must not take back what the other added.
const EXTEND = `update tokens set refresh_expires_at = ?,
  access_expires_at = case when access_expires_at < ? then ? else access_expires_at end
  where key = ? and revoked_at is null`
// Changes nothing but who may change the row: whoever ends its family waits until the transaction has ended.
const HOLD = 'update tokens set revoked_at = revoked_at where key = ? and revoked_at is null'
// The password stays the same: what an import has brought counts as unchanged.
const REHASH = `update users set password_hash = ?, version = version + 1, import_version = import_version + 1
  where tenant = ? and id = ? and password_hash = ?`
const MARK_SEEN = 'update tokens set seen_at = ? where key = ? and seen_at is null'
const MARK_SUPERSEDED = 'update tokens set superseded_at = ? where key = ? and superseded_at is null'
export const REVOKE_TOKEN = 'update tokens set revoked_at = ? where key = ? and revoked_at is null'
/** The updates of one token that many requests make. */
export const TOKEN_UPDATES = [SPEND_TOKEN, EXTEND, HOLD, MARK_SEEN, MARK_SUPERSEDED, REVOKE_TOKEN]
const REVOKE_AND_FOLLOW = `${REVOKE_TOKEN} returning successor`
const FOLLOW = 'select successor from tokens where key = ?'
const ROOT = 'select coalesce(family, key) from tokens where key = ?'
// Each ancestor by its key, whatever a planner thinks of joins.
const EARLIEST = `with recursive back (key) as (
    select cast(? as bigint)
    union all
    select (select key from tokens where key = (select parent from tokens where key = back.key))
      from back where key is not null
  ) select min(key) from back`
// Descendants have greater keys, which tells a database that keeps rows by key where not to look.
const REVOKE_APART = `update tokens set revoked_at = ? where family = ? and key > ? and ${APART} and revoked_at is null`
const DENY = `insert into denied_jwts (tenant, id, expires_at) values (?, ?, ?)
  on conflict (tenant, id) do update set expires_at = excluded.expires_at
  where excluded.expires_at > denied_jwts.expires_at`
const IS_DENIED = 'select 1 from denied_jwts where tenant = ? and id = ?'

/** How many keys one page of a list looks at: with hardly any row that fits, the page is short, not late. */
const SCANNED_KEYS = 20_000
/** Of users whose ids end alike: these keys are all in one part of `tokens_by_user`, and take less time. */
const SCANNED_KEYS_OF_USERS = 100_000
const ABOVE_ALL_KEYS = 2 ** 53
const FLOOR = `select key from tokens where key < ? order by key desc limit 1 offset ${SCANNED_KEYS - 1}`
const LIST = `select ${TOKEN_COLUMNS} from tokens
  where key < ? and key >= ? and tenant = ? and (? = 1 or client_id = ?)
  order by key desc limit ?`
const ID_ENDS_ALIKE = 'user_id is not null and substr(user_id, length(user_id)) = ?'
const FLOOR_OF_USERS = `select key from tokens where ${ID_ENDS_ALIKE} and key < ?
  order by key desc limit 1 offset ${SCANNED_KEYS_OF_USERS - 1}`
const LIST_OF_USER = `select ${TOKEN_COLUMNS} from tokens
  where ${ID_ENDS_ALIKE} and key < ? and key >= ? and tenant = ? and user_id = ? and (? = 1 or client_id = ?)
  order by key desc limit ?`

/**
 * A deletion changes pages all over the table, which SQLite moves from its log into the database later, all at once:
 * 400 rows a second are 34 million a day, and rare enough moves.
 */
const SQLITE_PACE: PurgePace = { rows: 20, pauseMs: 50, leftFor: 0 }

/** Thrown inside of `issue` to take back what it wrote. */
class Lost extends Error {}

export function sqlTokens(driver: SqlDriver, nextKey: NextKey): TokenStore {
  return {
    nextKey,
    async findToken(key) {
      const [row] = await driver.read(FIND_TOKEN, [key])
      return row === undefined ? null : tokenFromColumns(row)
    },
    async findImportedToken(hash, tenant) {
      const [one, other] = await driver.read(FIND_IMPORTED, placesOf(hash, tenant))
      if (one === undefined) return null
      // The tenant's own place has the longer name.
      const [, key = null] = other !== undefined && Number(other[0]) > Number(one[0]) ? other : one
      const [row] = await driver.read(FIND_TOKEN, [key])
      return row === undefined ? null : tokenFromColumns(row)
    },
    async issue(write) {
      try {
        // What an issue changes, no other issue decides by but a spending, of which the database lets one win. And a
        // revocation is one statement: an issue comes before it, or is lost.
        if (write.rehash === null) return await driver.writeTogether(() => issue(write), changedBy(write))
        // A user's row has no place in the order of tokens.
        return await driver.write(() => issue(write))
      } catch (error) {
        if (error instanceof Lost) return 'lost'
        throw error
      }
    },
    markSeen: (key, parent, now) => driver.writeTogether(() => markSeen(key, parent, now), [parent, key]),
    revokeToken: (key, now, event) => driver.writeTogether(() => revokeToken(key, now, event), [key]),
    revokeFamily: (member, now, event) =>
      driver.write(() => revokeFamily(member, now, driver.lockFamily, event)),
    denyJwt: (tenant, id, expiresAt, event) => driver.write(() => denyJwt(tenant, id, expiresAt, event)),
    isJwtDenied: async (tenant, id) => (await driver.read(IS_DENIED, [tenant, id])).length > 0,
    listTokens: (query) => listTokens(driver, query),
    purgePace: SQLITE_PACE,
    purge: createSweep(driver),
  }
}

function changedBy({ spend, extend, row }: IssueWrite): readonly TokenKey[] {
  const keys = [spend?.key, extend?.key, row?.parent].filter((key) => typeof key === 'number')
  return [...new Set(keys)]
}

/** The conditional updates come first, so that a lost race has written nothing: losing is cheap. */
function* issue({ spend, extend, row, rehash, event }: IssueWrite): Operation<IssueOutcome> {
  if (spend !== null) {
    const spent = yield* change(SPEND_TOKEN, row?.key ?? null, spend.now, spend.key)
    if (spent === 0) throw new Lost()
  }
  if (extend !== null) {
    const { key, refreshExpiresAt, accessExpiresAt } = extend
    const extended = yield* change(EXTEND, refreshExpiresAt, accessExpiresAt, accessExpiresAt, key)
    if (extended === 0) throw new Lost()
  }
  if (row !== null) {
    // A row that neither spends nor extends its parent must not slip out of a family that is revoked meanwhile.
    if (row.parent !== null && row.parent !== spend?.key && row.parent !== extend?.key) {
      const held = yield* change(HOLD, row.parent)
      if (held === 0) throw new Lost()
    }
    const inserted = yield* change(INSERT_TOKEN, ...tokenToColumns(row))
    if (inserted === 0) throw new StoreUnavailable('a token row with this key exists')
  }
  if (rehash !== null) yield* change(REHASH, rehash.to, rehash.tenant, rehash.userId, rehash.from)
  yield* record(event)
  return 'issued'
}

function* markSeen(key: TokenKey, parent: TokenKey, now: EpochSeconds): Operation<void> {
  yield* change(MARK_SUPERSEDED, now, parent)
  yield* change(MARK_SEEN, now, key)
}

function* revokeToken(key: TokenKey, now: EpochSeconds, event: AuditEvent | undefined): Operation<boolean> {
  const revoked = yield* change(REVOKE_TOKEN, now, key)
  if (revoked > 0) yield* record(event)
  return revoked > 0
}

function* denyJwt(
  tenant: string,
  id: string,
  expiresAt: EpochSeconds,
  event: AuditEvent | undefined,
): Operation<void> {
  const denied = yield* change(DENY, tenant, id, expiresAt)
  if (denied > 0) yield* record(event)
}

/**
 * Revokes what a row descends from and what descends from it, from the earliest row that is left. Whoever refreshes
 * meanwhile must spend or hold a row that this revokes, too: if they do it first, this waits, and sees what they have
 * left; if not, they find it revoked.
 */
function* revokeFamily(
  member: TokenKey,
  now: EpochSeconds,
  lock: string | undefined,
  event: AuditEvent | undefined,
): Operation<void> {
  const [found] = yield* select(ROOT, member)
  if (found === undefined) return
  const root = Number(found[0])
  const [earliest] = yield* select(EARLIEST, member)
  const start = Number(earliest?.[0])
  let count = 0
  // In the order of keys, as whoever writes to several rows.
  for (const first of [...new Set([start, root])].sort((one, other) => one - other)) {
    count += yield* revokeFrom(first, now)
  }
  if (lock !== undefined) yield* select(lock, root, root)
  count += yield* change(REVOKE_APART, now, root, root)
  if (count > 0) yield* record(event)
}

/** Revokes a row and, one by one, its successors; how many were not revoked before. */
function* revokeFrom(first: TokenKey, now: EpochSeconds): Operation<number> {
  let count = 0
  for (let key: TokenKey | null = first; key !== null; ) {
    const [revoked] = yield* changeReturning(REVOKE_AND_FOLLOW, now, key)
    if (revoked !== undefined) count += 1
    // One that is revoked already may have been spent before.
    const [row] = revoked === undefined ? yield* select(FOLLOW, key) : [revoked]
    key = (row?.[0] ?? null) as TokenKey | null
  }
  return count
}

async function listTokens(driver: SqlDriver, query: TokenQuery): Promise<Page<TokenRow, TokenKey>> {
  const { tenant, userId, clientId, limit } = query
  const before = query.before ?? ABOVE_ALL_KEYS
  const ofClient = [clientId === null ? 1 : 0, clientId]
  const end = userId === null ? null : ([...userId].at(-1) ?? '')
  const [floorRow] =
    end === null ? await driver.read(FLOOR, [before]) : await driver.read(FLOOR_OF_USERS, [end, before])
  const floor = (floorRow?.[0] ?? null) as TokenKey | null
  const found =
    end === null
      ? await driver.read(LIST, [before, floor ?? 0, tenant, ...ofClient, limit + 1])
      : await driver.read(LIST_OF_USER, [end, before, floor ?? 0, tenant, userId, ...ofClient, limit + 1])
  const page = pageOf(found.map(tokenFromColumns), limit, (row) => row.key)
  return page.next === null ? { rows: page.rows, next: floor } : page
}

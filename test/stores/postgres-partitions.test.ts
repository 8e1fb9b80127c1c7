import { beforeEach, expect, test } from 'vitest'
import type { TokenRow } from '../../src/store/rows.ts'
import type { Store } from '../../src/store/store.ts'
import { openSession } from '../postgres/session.ts'
import { sharedPostgres } from '../postgres/shared-server.ts'
import { issued, NOW, tokenRow, write } from './conformance/fixture.ts'
import { openStore, partitionsOf } from './postgres-store.ts'

const DAY = 86_400
const HOUR = 3600

const server = sharedPostgres({ fsync: 'off' })
let url: string
let now: number
let warnings: string[]
beforeEach(async () => {
  url = await server.createDatabase()
  now = NOW
  warnings = []
})

const open = () => openStore({ url, clock: () => now * 1000, onWarning: (message) => warnings.push(message) })

/** Nothing but an access token: dead within an hour. */
const SHORT: Partial<TokenRow> = { refreshHash: null, refreshExpiresAt: null }
const short = (store: Store) => issued(store, { ...SHORT, issuedAt: now, accessExpiresAt: now + HOUR })
/** With a refresh token that never expires. */
const endless = (store: Store) =>
  issued(store, { issuedAt: now, accessExpiresAt: now + HOUR, refreshExpiresAt: null })

const days = () => partitionsOf(server, url)
const dayOf = (key: number) =>
  server.query(url, `select tableoid::regclass as day from tokens where key = ${key}`)
/** From the first of the year on, with what takes the rows of other days. */
const january = (from: number, count: number) => [
  ...Array.from({ length: count }, (_, index) => `202601${String(from + index).padStart(2, '0')}`),
  'default',
]

test('days are made a week ahead, and rows go to their own', async () => {
  const store = await open()
  expect(await days()).toEqual(january(1, 8))
  const { key } = await endless(store)
  now += DAY
  await store.purge(now, 1000)
  expect(await days()).toEqual(january(1, 9))
  expect(await dayOf(key)).toEqual([{ day: 'tokens_20260101' }])
  expect(await dayOf((await short(store)).key)).toEqual([{ day: 'tokens_20260102' }])
})

test('a row that no day was made for is issued and found all the same, and keeps no other day from being made', async () => {
  const store = await open()
  now += 12 * DAY
  const ahead = await endless(store)
  expect(await dayOf(ahead.key)).toEqual([{ day: 'tokens_default' }])
  expect(await store.findToken(ahead.key)).toEqual(ahead)
  now -= 6 * DAY
  await store.purge(now, 1000)
  await store.purge(now, 1000)
  expect(warnings).toEqual([expect.stringContaining('no tokens_20260113')])
  expect((await days()).slice(-2)).toEqual(['20260114', 'default'])
  expect(await store.findToken(ahead.key)).toEqual(ahead)
})

test('a day that is dead is dropped, one with a live row is not, and neither today nor a day to come', async () => {
  const store = await open()
  const first = [await short(store), await short(store)]
  now += DAY
  const [dead, live] = [await short(store), await endless(store)]
  now += DAY
  // Of today, which is not dead as a whole.
  await endless(store)
  const today = await issued(store, { ...SHORT, accessExpiresAt: now - HOUR })
  await store.purge(now, 1000)
  expect(await days()).toEqual(january(2, 9))
  for (const { key } of [...first, dead, today]) expect(await store.findToken(key)).toBeNull()
  expect(await store.findToken(live.key)).toEqual(live)
  await server.query(url, 'select 1 from tokens_20260103')
})

test('rows of a day that is left to be dropped tomorrow are not deleted one by one today', async () => {
  const store = await open()
  const { key } = await short(store)
  now += 2 * HOUR
  expect(await store.purge(now, 1000)).toBe(0)
  expect(await store.findToken(key)).not.toBeNull()
  now += DAY
  expect(await store.purge(now, 1000)).toBe(1)
  expect(await store.findToken(key)).toBeNull()
})

test('keys of a dropped day are never given again, whatever the clock of the next server says', async () => {
  const store = await open()
  const { key } = await short(store)
  now += 2 * DAY
  await store.purge(now, 1000)
  expect(await server.query(url, 'select key from tokens')).toEqual([])
  now -= 3 * DAY
  expect((await open()).nextKey()).toBeGreaterThan(key)
})

test('with what is known of imported tokens a day is not dropped before that is forgotten, row by row', async () => {
  const store = await open()
  const rows = [1, 2, 3].map(() => tokenRow(store.nextKey(), { ...SHORT, accessExpiresAt: now + HOUR }))
  expect(await store.importTokens(rows.map((row) => ({ ...row, accessHash: hash(row.key) })))).toBe(3)
  now += 2 * DAY
  await store.purge(now, 1000)
  expect(await server.query(url, 'select * from imported_tokens')).toEqual([])
  expect(await server.query(url, 'select key from tokens')).toEqual([])
  expect(await days()).toContain('20260101')
  await store.purge(now, 1000)
  expect(await days()).not.toContain('20260101')
})

function hash(seed: number): Uint8Array {
  return new Uint8Array(32).fill(seed % 251)
}

test('T034 two nodes that purge at once drop each day once, and both go on', async () => {
  const [one, other] = [await open(), await open()]
  for (let day = 0; day < 4; day++) {
    for (let count = 0; count < 20; count++) await short(count % 2 ? one : other)
    now += DAY
  }
  const live = await endless(one)
  now += DAY
  const purged = await Promise.all([one.purge(now, 1000), other.purge(now, 1000)])
  expect(purged[0] + purged[1]).toBeGreaterThanOrEqual(4)
  expect(await days()).toEqual(january(5, 9))
  expect(await one.findToken(live.key)).toEqual(live)
})

test('T034 a row that is extended while its day is to be dropped is not lost', async () => {
  const store = await open()
  const row = await issued(store, {
    issuedAt: now,
    accessExpiresAt: now + HOUR,
    refreshExpiresAt: now + HOUR,
  })
  now += 2 * DAY
  // Makes the days that are missing: the one thing that purging still waits for is the old one.
  await open()
  const other = await openSession(url)
  // Whoever drops a day has this lock; by then it has seen that the day is dead.
  await other.query('select pg_advisory_lock(7313140001)')
  const purged = store.purge(now, 1000)
  await other.until("select 1 from pg_locks where locktype = 'advisory' and not granted")
  await other.query(`update tokens set refresh_expires_at = ${now + DAY} where key = ${row.key}`)
  await other.query('select pg_advisory_unlock(7313140001)')
  await purged
  await other.end()
  expect(await store.findToken(row.key)).toMatchObject({ refreshExpiresAt: now + DAY })
})

test('T034 days are dropped under load without a deadlock and without a request that fails', async () => {
  const [one, other] = [await open(), await open()]
  for (let day = 0; day < 6; day++) {
    await short(one)
    await one.purge(now, 1)
    now += DAY
  }
  const kept: TokenRow[] = []
  let isPurging = true
  const load = Array.from({ length: 16 }, async (_, index) => {
    const store = index % 2 ? one : other
    while (isPurging) {
      const at = now
      const row = await endless(store)
      kept.push(row)
      const successor = tokenRow(store.nextKey(), {
        parent: row.key,
        family: row.key,
        refreshExpiresAt: null,
      })
      await store.issue(write({ spend: { key: row.key, now: at }, row: successor }))
      await store.markSeen(successor.key, row.key, at)
      expect(await store.findToken(successor.key)).toMatchObject({ seenAt: at })
    }
  })
  while ((await days())[0] !== '20260107') {
    await Promise.all([one.purge(now, 1000), other.purge(now, 1000)])
    // What was not to be locked is tried again then.
    now += HOUR
  }
  isPurging = false
  await Promise.all(load)
  expect((await days()).slice(0, 2)).toEqual(['20260107', '20260108'])
  expect(kept.length).toBeGreaterThan(0)
  for (const { key } of kept) expect(await one.findToken(key)).not.toBeNull()
  await server.query(url, 'select pg_stat_force_next_flush()')
  const statistics = 'select deadlocks::int from pg_stat_database where datname = current_database()'
  expect(await server.query(url, statistics)).toEqual([{ deadlocks: 0 }])
})

import { beforeEach, expect, test } from 'vitest'
import type { TokenRow } from '../../src/store/rows.ts'
import type { Store } from '../../src/store/store.ts'
import { keysOf } from '../../src/stores/postgres/partitions.ts'
import { openSession } from '../postgres/session.ts'
import { sharedPostgres } from '../postgres/shared-server.ts'
import { issued, NOW, successorOf, write } from './conformance/fixture.ts'
import { openStore, partitionsOf } from './postgres-store.ts'

const DAY = 86_400

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

const query = (sql: string) => server.query(url, sql)

const parts = () => partitionsOf(server, url)
/** Those before are empty, and go. */
const february = Array.from({ length: 8 }, (_, index) => `202602${String(index + 8).padStart(2, '0')}`)

/** What each day of January leaves: rows that live on, of which `count` a day, and one that is dead soon. */
async function liveThroughJanuary(store: Store, count: number): Promise<readonly TokenRow[]> {
  const rows: TokenRow[] = []
  for (let day = 1; day <= 31; day++, now += DAY) {
    const columns = { issuedAt: now, refreshExpiresAt: null, accessExpiresAt: now + DAY }
    rows.push(...(await Promise.all(Array.from({ length: count }, () => issued(store, columns)))))
    await issued(store, { issuedAt: now, accessExpiresAt: now + DAY, refreshHash: null })
    if (day % 7 === 1) await store.purge(0, 1)
  }
  now += 7 * DAY
  await store.purge(0, 1)
  return rows
}

/** They are what they should be; those that were revoked may be gone. */
async function expectAll(store: Store, rows: readonly TokenRow[]): Promise<void> {
  const found = await Promise.all(rows.map(({ key }) => store.findToken(key)))
  expect(found.map((row, place) => row ?? (rows[place]?.revokedAt ? rows[place] : null))).toEqual(rows)
}

const copying = `select 1 from facts where name = 'copied_up_to/tokens_202601'
  and value > lpad('${keysOf('tokens_202601').firstKey}', 16, '0')`

async function interruptCopy(): Promise<void> {
  const stopped = await open()
  const purged = stopped.purge(now, 1000)
  const session = await openSession(url)
  await session.until(copying)
  await stopped.close()
  await purged.catch(() => {})
  await session.end()
}

test('the days of a month that is long past become one, with every row that is of use', async () => {
  const store = await open()
  const rows = await liveThroughJanuary(store, 2)
  await store.purge(now, 100_000)
  expect(await parts()).toEqual(['202601', ...february, 'default'])
  await expectAll(store, rows)
  expect(await query('select count(*)::int as n from tokens')).toEqual([{ n: rows.length }])
  expect(warnings).toEqual([])
  await store.purge(now, 100_000)
  expect((await parts())[0]).toBe('202601')
  expect(await query("select 1 from facts where name like 'copied%'")).toEqual([])
  expect(await query("select 1 from pg_proc where proname like '%follow'")).toEqual([])
})

test('rows in it are spent, revoked, found, listed and deleted as before', async () => {
  const store = await open()
  const [first, second, ...others] = (await liveThroughJanuary(store, 1)) as [TokenRow, TokenRow, TokenRow]
  await store.purge(now, 100_000)
  const child = successorOf(first, store.nextKey(first.key))
  expect(await store.issue(write({ spend: { key: first.key, now }, row: child }))).toBe('issued')
  expect(await store.issue(write({ spend: { key: first.key, now }, row: child }))).toBe('lost')
  await store.revokeFamily(first.key, now)
  expect(await store.findToken(child.key)).toMatchObject({ revokedAt: now })
  await store.revokeToken(second.key, now)
  const page = await store.listTokens({
    tenant: 'acme',
    userId: 'u-1',
    clientId: null,
    before: null,
    limit: 100,
  })
  expect(page.rows).toHaveLength(32)
  now += 40 * DAY
  await store.purge(now, 100_000)
  expect([await store.findToken(first.key), await store.findToken(second.key)]).toEqual([null, null])
  await expectAll(store, others)
})

test('whatever is done to its rows meanwhile, by two nodes, is done', async () => {
  const [store, other] = [await open(), await open()]
  const rows = [...(await liveThroughJanuary(store, 60))]
  const session = await openSession(url)
  const purged = Promise.all([store.purge(now, 100_000), other.purge(now, 100_000)])
  await session.until(copying)
  await session.end()
  let isDone = false
  let meanwhile = 0
  void purged.then(() => {
    isDone = true
  })
  const turns = rows.keys()
  async function work(node: Store): Promise<void> {
    for (const index of turns) {
      const place = (index * 701) % rows.length
      const row = rows[place] as TokenRow
      if (!isDone) meanwhile += 1
      if (index % 3 === 0) {
        const child = successorOf(row, node.nextKey(row.key))
        expect(await node.issue(write({ spend: { key: row.key, now }, row: child }))).toBe('issued')
        rows[place] = { ...row, spentAt: now, successor: child.key }
      } else if (index % 3 === 1) {
        expect(await node.revokeToken(row.key, now)).toBe(true)
        rows[place] = { ...row, revokedAt: now }
      } else expect(await node.findToken(row.key)).toEqual(row)
    }
  }
  await Promise.all([store, other, store, other].map(work))
  await purged
  expect(meanwhile).toBeGreaterThan(100)
  expect((await parts())[0]).toBe('202601')
  await expectAll(store, rows)
})

test('what one node has begun another goes on with, and misses nothing of what was changed in between', async () => {
  const store = await open()
  const rows = [...(await liveThroughJanuary(store, 40))]
  await interruptCopy()
  expect((await parts())[0]).toBe('20260101')
  for (const place of [0, 1, rows.length - 1]) {
    const row = rows[place] as TokenRow
    expect(await store.revokeToken(row.key, now)).toBe(true)
    rows[place] = { ...row, revokedAt: now }
  }
  await store.purge(now, 100_000)
  expect((await parts())[0]).toBe('202601')
  await expectAll(store, rows)
})

test('a schema that was added to meanwhile has its new columns copied', async () => {
  const store = await open()
  const rows = await liveThroughJanuary(store, 40)
  await interruptCopy()
  await query(
    `alter table tokens add column extra bigint; update tokens set extra = 7 where key = ${rows[0]?.key}`,
  )
  await store.purge(now, 100_000)
  expect((await parts())[0]).toBe('202601')
  expect(await query(`select key::text, extra::int from tokens where extra is not null`)).toEqual([
    { key: String(rows[0]?.key), extra: 7 },
  ])
})

test('while somebody reads for long, days stay what they are and requests go on; an hour later it is done', async () => {
  const store = await open()
  const rows = await liveThroughJanuary(store, 1)
  const reader = await openSession(url)
  await reader.query('begin; select count(*) from tokens')
  await store.purge(now, 100_000)
  await expectAll(store, rows)
  expect((await parts())[0]).toBe('20260101')
  await reader.query('commit')
  await reader.end()
  now += 3601
  await store.purge(now, 100_000)
  expect((await parts())[0]).toBe('202601')
  await expectAll(store, rows)
  expect(warnings).toEqual([])
})

test('years become one each: there are never more parts than days of two months, months of two years, and years', async () => {
  const store = await open()
  const days = Array.from({ length: 426 }, (_, index) => new Date(Date.UTC(2024, 10, 1 + index)))
  const statements = days.map((day) => {
    const name = `tokens_${day.toISOString().slice(0, 10).replaceAll('-', '')}`
    const { firstKey, endKey } = keysOf(name)
    return `create table ${name} partition of tokens for values from (${firstKey}) to (${endKey});
      insert into tokens (key, tenant, surface, grant_type, scope, issued_at, refresh_hash)
        values (${firstKey + 1}, 'acme', 'spree', 'password', '', 0, '\\x00')`
  })
  await query(statements.join(';'))
  now += 10 * DAY
  for (let round = 0; round < 3; round++) await store.purge(now, 100_000)
  const made = (await parts()).filter((name) => !/^202601..$/.test(name))
  expect(made).toEqual(['2024', '2025', 'default'])
  expect(await query('select count(*)::int as n from tokens')).toEqual([{ n: 426 }])
})

import { expect, onTestFinished, test } from 'vitest'
import { StoreConflict } from '../../src/store/errors.ts'
import type { TokenRow } from '../../src/store/rows.ts'
import type { Store } from '../../src/store/store.ts'
import { createRandomInteger } from '../../src/stores/key-sequence.ts'
import { startPostgres } from '../postgres/server.ts'
import { openSession } from '../postgres/session.ts'
import { issued, tokenRow, userRow, write } from './conformance/fixture.ts'
import { openStore } from './postgres-store.ts'

/** A refresh token family as it grows. */
interface Family {
  /** That of an imported token whose replacement the first one is. */
  readonly replaced: TokenRow
  readonly rows: TokenRow[]
}

const FAMILIES = 6
const WORKERS = 40
const WRITES = 70

test('whatever is written at once to the same few rows, by two nodes, takes its locks in one order: no deadlock', async () => {
  const server = await startPostgres({ fsync: 'off' })
  onTestFinished(() => server.remove())
  const url = await server.createDatabase()
  const options = { url, clock: Date.now }
  const stores = [await openStore(options), await openStore(options)]
  const [first] = stores as [Store]
  const users = await Promise.all(
    [1, 2, 3].map(async (n) => {
      const user = userRow({ id: `u-${n}`, username: `n-${n}`, email: null })
      await first.insertUser(user)
      return user
    }),
  )
  const random = createRandomInteger()
  const newFamily = async (): Promise<Family> => {
    const replaced = await issued(first, { refreshExpiresAt: null })
    return { replaced, rows: [await issued(first, { refreshExpiresAt: null, parent: replaced.key })] }
  }
  const families = await Promise.all(Array.from({ length: FAMILIES }, newFamily))
  const now = Math.floor(Date.now() / 1000)

  async function refresh(store: Store, { rows }: Family): Promise<void> {
    const parent = rows.at(-1) as TokenRow
    const family = rows[0]?.key as number
    const row = tokenRow(store.nextKey(), { parent: parent.key, family, refreshExpiresAt: null })
    const outcome = await store.issue(write({ spend: { key: parent.key, now }, row }))
    if (outcome === 'issued') rows.push(row)
  }

  async function revoke(store: Store, index: number): Promise<void> {
    const { replaced, rows } = families[index] as Family
    families[index] = await newFamily()
    const family = rows[0]?.key as number
    const ended = [store.revokeFamily(family, now), first.revokeFamily(family, now)]
    await Promise.all([
      ...ended,
      first.revokeToken(replaced.key, now),
      store.markSeen(family, replaced.key, now),
    ])
  }

  async function one(turn: number): Promise<void> {
    const store = stores[random(2)] as Store
    const index = random(FAMILIES)
    const family = families[index] as Family
    const seen = family.rows.at(-1 - random(3))
    const user = users[random(3)]
    const kind = random(20)
    if (kind < 8) await refresh(store, family)
    else if (kind < 15) await (seen?.parent && store.markSeen(seen.key, seen.parent, now))
    else if (kind < 16) await revoke(store, index)
    else if (kind < 17) await store.revokeToken(family.rows.at(-1)?.key ?? 0, now)
    else if (kind < 18) await store.purge(now, 100)
    else if (kind < 19 && user) await store.updateUser({ ...user, roles: [`${turn}`] }).catch(unlessConflict)
    else await issued(store, { refreshHash: null, refreshExpiresAt: null, accessExpiresAt: now - 1 })
  }

  await Promise.all(
    Array.from({ length: WORKERS }, async () => {
      for (let turn = 0; turn < WRITES; turn++) await one(turn)
    }),
  )
  await server.query(url, 'select pg_stat_force_next_flush()')
  const statistics = 'select deadlocks::int from pg_stat_database where datname = current_database()'
  expect(await server.query(url, statistics)).toEqual([{ deadlocks: 0 }])
})

test('rows that one statement changes are locked in the order of their keys, whatever its plan', async () => {
  const server = await startPostgres({ fsync: 'off', deadlock_timeout: '1h' })
  onTestFinished(() => server.remove())
  // Then rows are found in the order in which they lie there, which is none.
  const scans = { enable_nestloop: 'off', enable_mergejoin: 'off', enable_indexscan: 'off' }
  const url = await server.createDatabase({ ...scans, enable_bitmapscan: 'off' })
  const store = await openStore({ url, clock: Date.now })
  const session = await openSession(url)
  onTestFinished(() => session.end())
  const all = Array.from({ length: 500 }, () => store.nextKey())
  const keys = [all[0], all.at(-1)] as [number, number]
  await store.issue(write({ row: tokenRow(keys[1]) }))
  await Promise.all(all.slice(0, -1).map((key) => store.issue(write({ row: tokenRow(key) }))))
  await server.query(url, 'analyze tokens')
  // Were there a deadlock, this session would be its victim.
  await session.query("set deadlock_timeout = '10ms'")
  await session.query(`begin; update tokens set seen_at = 1 where key = ${keys[0]}`)
  const spends = keys.map((key) =>
    store.issue(write({ spend: { key, now: 1 }, row: tokenRow(store.nextKey()) })),
  )
  await session.until("select 1 from pg_locks where not granted and locktype in ('transactionid', 'tuple')")
  await session.query(`update tokens set seen_at = 1 where key = ${keys[1]}; commit`)
  expect(await Promise.all(spends)).toEqual(['issued', 'issued'])
})

function unlessConflict(error: unknown): void {
  if (!(error instanceof StoreConflict)) throw error
}

test('a purge of failed logins waits for nobody who counts some, and so nobody waits for it in a circle', async () => {
  const server = await startPostgres({ fsync: 'off' })
  onTestFinished(() => server.remove())
  const url = await server.createDatabase()
  const store = await openStore({ url, clock: Date.now })
  const bucket = (user: string) => ({ user, source: 's', failureMs: 1, capacityMs: 10 })
  for (const user of ['ann', 'bob', 'cay']) await store.addLoginFailure([bucket(user)], 1000)
  const session = await openSession(url)
  onTestFinished(() => session.end())
  await session.query('begin')
  await session.query("update login_failures set empty_at_ms = empty_at_ms where user_digest = 'bob'")
  expect(await store.purgeLoginFailures(2000, 10)).toBe(2)
  await session.query('rollback')
  expect(await store.purgeLoginFailures(2000, 10)).toBe(1)
})

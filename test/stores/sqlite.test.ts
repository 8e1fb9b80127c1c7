import { chmodSync, existsSync, readdirSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { StoreUnavailable } from '../../src/store/errors.ts'
import { STEPS } from '../../src/stores/migrations/index.ts'
import { migrateSqlite, openSqliteStore, readSqliteSchema } from '../../src/stores/sqlite/database.ts'
import {
  clientRow,
  hashOf,
  inParallel,
  issued,
  NOW,
  signingKeyRow,
  successorOf,
  tenantRow,
  tokenRow,
  userRow,
  write,
} from './conformance/fixture.ts'
import { clock, newPath, openStore, openWithConnection } from './sqlite-file.ts'

describe('an SQLite file', () => {
  test('is created with its directory, for its owner only', async () => {
    const path = join(dirname(newPath()), 'deep', 'er', 'mintkeeper.db')
    const store = await openStore(path)
    await issued(store)
    const files = readdirSync(dirname(path))
    expect(files).toContain('mintkeeper.db-wal')
    for (const file of files) expect(statSync(join(dirname(path), file)).mode & 0o777).toBe(0o600)
    expect(statSync(dirname(path)).mode & 0o777).toBe(0o700)
    expect(statSync(dirname(dirname(path))).mode & 0o777).toBe(0o700)
  })

  test('never gives a key again, even if its row was purged and the clock went back', async () => {
    const path = newPath()
    const first = await openSqliteStore({ path, clock })
    const columns = { accessExpiresAt: NOW, refreshExpiresAt: NOW }
    const rows = await inParallel(300, () => issued(first, columns))
    expect(await first.purge(NOW, 1000)).toBe(300)
    await first.close()
    const second = await openSqliteStore({ path, clock: () => clock() - 3_600_000 })
    expect(second.nextKey()).toBeGreaterThan(Math.max(...rows.map((row) => row.key)))
    await second.close()
  })

  test('is the same after it was closed and opened again', async () => {
    const path = newPath()
    const first = await openSqliteStore({ path, clock })
    const row = await issued(first)
    const imported = tokenRow(first.nextKey())
    await first.importTokens([imported])
    await first.insertUser(userRow())
    await first.insertUser(userRow({ id: 'u-2', username: 'bob', email: null }))
    await first.deleteUser('acme', 'u-2')
    await first.insertClient(clientRow())
    await first.saveTenant(tenantRow())
    await first.createSigningKeys([signingKeyRow()])
    await first.denyJwt('acme', 'jti', NOW + 60)
    await first.saveFact('config', 'digest')
    const highest = first.nextKey()
    await first.issue(write({ row: tokenRow(highest) }))
    await first.close()
    expect(existsSync(`${path}-wal`)).toBe(false)

    const second = await openStore(path, { clock: () => 0, mustExist: true })
    expect(await second.findToken(row.key)).toEqual(row)
    expect(await second.findImportedToken(hashOf(imported.key), 'acme')).toEqual(imported)
    expect(await second.findUserByLogin('acme', 'ann')).toEqual(userRow())
    await expect(second.insertUser(userRow({ id: 'u-2' }))).rejects.toMatchObject({ kind: 'exists' })
    expect(await second.findClient('acme', 'shop')).toEqual(clientRow())
    expect(await second.listTenants()).toEqual([tenantRow()])
    expect(await second.listSigningKeys('acme')).toEqual([signingKeyRow()])
    expect(await second.isJwtDenied('acme', 'jti')).toBe(true)
    expect(await second.findFact('config')).toBe('digest')
    expect(second.nextKey()).toBeGreaterThan(highest)
  })

  test('is written with WAL and a flush with every commit', async () => {
    const { store, connection } = await openWithConnection(newPath())
    for (let writes = 0; writes < 2; writes++) {
      expect(connection.prepare('pragma journal_mode').get()).toEqual({ journal_mode: 'wal' })
      expect(connection.prepare('pragma synchronous').get()).toEqual({ synchronous: 2 })
      await issued(store)
    }
  })

  test('holds integers, not floating point numbers', async () => {
    const { store, connection } = await openWithConnection(newPath())
    const row = await issued(store, { family: 2 ** 53 - 1, accessExpiresAt: 2 ** 40 })
    const types = connection
      .prepare('select typeof(key), typeof(family), typeof(access_expires_at), dead_at from tokens')
      .get()
    expect(Object.values(types ?? {})).toEqual(['integer', 'integer', 'integer', row.accessExpiresAt])
  })

  test('is drained when it is closed, and refuses writes from then on', async () => {
    const path = newPath()
    const store = await openSqliteStore({ path, clock })
    const rows = Array.from({ length: 600 }, () => tokenRow(store.nextKey()))
    const outcomes = Promise.all(rows.map((row) => store.issue(write({ row }))))
    const closed = store.close()
    await expect(store.issue(write({ row: tokenRow(store.nextKey()) }))).rejects.toThrow(StoreUnavailable)
    await closed
    expect(await outcomes).toHaveLength(600)
    await store.close()
    await expect(store.findToken(1)).rejects.toThrow(StoreUnavailable)

    const again = await openStore(path)
    expect(await inParallel(600, (index) => again.findToken(rows[index]!.key))).toEqual(rows)
  })

  test('T020 may be open twice: of 50 refreshes with one credential one wins, and no key is drawn twice', async () => {
    const path = newPath()
    const stores = [await openStore(path), await openStore(path)]
    const keys = new Set(stores.flatMap((store) => Array.from({ length: 5000 }, () => store.nextKey())))
    expect(keys.size).toBe(10_000)
    for (let round = 0; round < 10; round++) {
      const parent = await issued(stores[round % 2]!)
      const outcomes = await inParallel(50, (index) => {
        const store = stores[index % 2]!
        const row = successorOf(parent, store.nextKey())
        return store.issue(write({ spend: { key: parent.key, now: NOW }, row }))
      })
      expect(outcomes.filter((outcome) => outcome === 'issued')).toHaveLength(1)
    }
  })

  test('gives lanes of keys back: hundreds of openings do not make two writers share one', async () => {
    const path = newPath()
    const clockOfFrozenTime = () => NOW * 1000
    const server = await openStore(path, { clock: clockOfFrozenTime })
    const taken = server.nextKey() % 64
    for (let opening = 0; opening < 100; opening++) {
      const command = await openSqliteStore({ path, clock: clockOfFrozenTime })
      expect(command.nextKey() % 64).not.toBe(taken)
      await command.close()
    }
  })
})

describe('a lane of keys', () => {
  test('that went through other hands is not given back by who had it first', async () => {
    const path = newPath()
    const frozen = { clock: () => NOW * 1000 }
    const slow = await openSqliteStore({ path, ...frozen })
    const others = await inParallel(63, () => openSqliteStore({ path, ...frozen }))
    const thief = await openSqliteStore({ path, ...frozen })
    expect(thief.nextKey() % 64).toBe(slow.nextKey() % 64)
    for (const store of [thief, ...others]) await store.close()
    const heir = await openStore(path, frozen)
    expect(heir.nextKey() % 64).toBe(slow.nextKey() % 64)
    await slow.close()
    const next = await openStore(path, frozen)
    expect(next.nextKey() % 64).not.toBe(heir.nextKey() % 64)
  })
})

describe('the statements of the store', () => {
  test('all use an index, also to purge', async () => {
    const { store, connection, prepare } = await openWithConnection(newPath())
    prepare.mockClear()
    const row = await issued(store)
    const next = successorOf(row, store.nextKey())
    await store.issue(
      write({ extend: { key: row.key, refreshExpiresAt: NOW, accessExpiresAt: NOW + 7 }, row: next }),
    )
    const rehash = { tenant: 'acme', userId: 'u-1', from: 'a', to: 'b' }
    await store.issue(write({ spend: { key: next.key, now: NOW }, rehash }))
    await store.issue(write({ row: successorOf(row, store.nextKey()) }))
    await store.findToken(row.key)
    await store.findImportedToken(hashOf(1), 'acme')
    await store.markSeen(next.key, row.key, NOW)
    await store.revokeToken(row.key, NOW)
    await store.revokeFamily(row.key, NOW)
    await store.denyJwt('acme', 'jti', NOW)
    await store.isJwtDenied('acme', 'jti')
    const query = { tenant: 'acme', userId: null, clientId: 'shop', before: null, limit: 5 }
    await store.listTokens(query)
    await store.listTokens({ ...query, userId: 'u-1' })
    await store.importTokens([tokenRow(store.nextKey())])
    await store.purge(NOW, 5)
    await store.insertUser(userRow())
    await store.updateUser(userRow({ username: 'anna' }))
    await store.findUserByLogin('acme', 'anna')
    await store.listUsers('acme', 'u', 5)
    await store.deleteUser('acme', 'u-1')
    await store.insertClient(clientRow())
    await store.updateClient(clientRow())
    await store.findClient('acme', 'shop')
    await store.listClients('acme', null, 5)
    await store.deleteClient('acme', 'shop')
    const statements = [...new Set(prepare.mock.calls.map(([sql]) => sql))].filter(
      (sql) => !/^(begin|commit)/.test(sql),
    )
    expect(statements.length).toBeGreaterThan(25)
    for (const sql of statements) {
      const plan = connection
        .prepare(`explain query plan ${sql}`)
        .all()
        .map((step) => String(step.detail))
      expect(
        // `back` is no table, but what the query has found so far.
        plan.filter((step) => /^SCAN (?!back|CONSTANT ROW|\d+-ROW VALUES)|TEMP B-TREE/.test(step)),
        sql,
      ).toEqual([])
    }
  })

  test('are prepared once', async () => {
    const { store, prepare } = await openWithConnection(newPath())
    const use = async () => {
      const row = await issued(store)
      await store.issue(write({ spend: { key: row.key, now: NOW }, row: tokenRow(store.nextKey()) }))
      await store.findToken(row.key)
      await store.findClient('acme', 'shop')
      await store.revokeFamily(row.key, NOW)
    }
    await use()
    prepare.mockClear()
    await use()
    expect(prepare).not.toHaveBeenCalled()
  })
})

describe('a list of tokens', () => {
  test('looks at a bounded number of rows a page, and says where the next begins', async () => {
    const { store, connection } = await openWithConnection(newPath())
    const first = await issued(store, { clientId: 'rare' })
    connection.exec(`insert into tokens (key, tenant, surface, client_id, user_id, grant_type, scope, issued_at)
      with recursive n (i) as (select 1 union all select i + 1 from n where i < 220000)
      select ${first.key} + i, 'acme', 'spree', 'busy', 'u-1', 'password', '', 0 from n`)
    for (const [userId, empty] of [
      [null, 11],
      ['u-1', 2],
    ] as const) {
      const pages = []
      let before: number | null = null
      do {
        const page = await store.listTokens({ tenant: 'acme', userId, clientId: 'rare', before, limit: 5 })
        pages.push(page.rows)
        before = page.next
      } while (before !== null)
      expect(pages).toEqual([...Array(empty).fill([]), [first]])
    }
  })
})

describe('the schema', () => {
  test('can be looked at and brought up to date without opening a store', async () => {
    const path = newPath()
    const names = [...STEPS.keys()]
    expect(await migrateSqlite({ path, clock })).toEqual(names)
    expect(await migrateSqlite({ path, clock })).toEqual([])
    expect(await readSqliteSchema({ path, clock })).toMatchObject({ applied: names, pending: [] })
    await openStore(path, { migrate: false, mustExist: true })
  })

  test('says when a file was made read-only', async () => {
    const path = newPath()
    await migrateSqlite({ path, clock })
    chmodSync(path, 0o400)
    // Who may do everything is not held up by the mode of a file.
    if (process.getuid?.() !== 0) await expect(openSqliteStore({ path, clock })).rejects.toThrow(path)
  })
})

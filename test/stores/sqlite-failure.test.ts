import { setImmediate as nextTurn } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { StoreUnavailable } from '../../src/store/errors.ts'
import type { TokenRow } from '../../src/store/rows.ts'
import type { Store } from '../../src/store/store.ts'
import { inParallel, issued, NOW, successorOf, tokenRow, userRow, write } from './conformance/fixture.ts'
import { connectTo, newPath, openStore, openWithConnection } from './sqlite-file.ts'

/** Issues rows at once; what became of each. */
async function outcomesOf(store: Store, rows: readonly TokenRow[]): Promise<string[]> {
  const settled = await Promise.allSettled(rows.map((row) => store.issue(write({ row }))))
  return settled.map((outcome) => (outcome.status === 'fulfilled' ? outcome.value : outcome.reason.name))
}

function rowsOf(store: Store, count: number, columns: Partial<TokenRow> = {}): TokenRow[] {
  return Array.from({ length: count }, () => tokenRow(store.nextKey(), columns))
}

describe('group commit', () => {
  test('makes one transaction of all writes of a turn', async () => {
    const store = await openStore(newPath())
    const before = store.statistics()
    const parent = await issued(store)
    await Promise.all([
      outcomesOf(store, rowsOf(store, 100)),
      store.issue(write({ spend: { key: parent.key, now: NOW } })),
      store.insertUser(userRow()),
      store.revokeFamily(parent.key, NOW),
      store.denyJwt('acme', 'jti', NOW),
    ])
    const { transactions, writes, waiting } = store.statistics()
    expect({ transactions, writes, waiting }).toEqual({
      transactions: before.transactions + 2,
      writes: before.writes + 105,
      waiting: 0,
    })
  })

  test('limits a transaction to 256 writes, and loses none', async () => {
    const store = await openStore(newPath())
    const rows = rowsOf(store, 1000)
    expect(new Set(await outcomesOf(store, rows))).toEqual(new Set(['issued']))
    expect(store.statistics().transactions).toBe(4)
    expect(await inParallel(1000, (index) => store.findToken(rows[index]!.key))).toEqual(rows)
  })

  test('refuses what would wait too long', async () => {
    const store = await openStore(newPath())
    const outcomes = await inParallel(10_050, () =>
      store.denyJwt('acme', 'jti', NOW).then(
        () => 'done',
        (error: Error) => error.name,
      ),
    )
    expect(outcomes.filter((outcome) => outcome === 'done')).toHaveLength(10_000)
    expect(outcomes.filter((outcome) => outcome === 'StoreUnavailable')).toHaveLength(50)
    await store.check()
  })

  test('makes a write that fails fail alone', async () => {
    const store = await openStore(newPath())
    const parent = await issued(store)
    const broken = { ...successorOf(parent, store.nextKey()), surface: null as never }
    const neighbours = rowsOf(store, 10)
    const [first, failed, second] = await Promise.all([
      outcomesOf(store, neighbours.slice(0, 5)),
      // Fails after it has spent the parent.
      store
        .issue(write({ spend: { key: parent.key, now: NOW }, row: broken }))
        .catch((error: Error) => error),
      outcomesOf(store, neighbours.slice(5)),
    ])
    expect(failed).toMatchObject({ message: expect.stringContaining('NOT NULL') })
    expect([...first, ...second]).toEqual(Array(10).fill('issued'))
    expect(await store.findToken(parent.key)).toEqual(parent)
    expect(await inParallel(10, (index) => store.findToken(neighbours[index]!.key))).toEqual(neighbours)
  })

  test('makes a write that can not be bound fail alone', async () => {
    const store = await openStore(newPath())
    const [good] = rowsOf(store, 1)
    const broken = tokenRow(store.nextKey(), { userId: Symbol('no value') as never })
    expect(await outcomesOf(store, [broken, good!])).toEqual(['TypeError', 'issued'])
    expect(await store.findToken(good!.key)).toEqual(good)
    expect(await store.findToken(broken.key)).toBeNull()
  })
})

describe('while another process holds the lock', () => {
  test('writes are refused after the time given, reads go on, and all is well afterwards', async () => {
    const path = newPath()
    const store = await openStore(path, { busyTimeoutMs: 0 })
    const row = await issued(store)
    const other = connectTo(path)
    other.exec('begin immediate')
    const rows = rowsOf(store, 20)
    expect(await outcomesOf(store, rows)).toEqual(Array(20).fill('StoreUnavailable'))
    await expect(store.revokeToken(row.key, NOW)).rejects.toThrow(StoreUnavailable)
    await expect(store.check()).rejects.toThrow(StoreUnavailable)
    expect(await store.findToken(row.key)).toEqual(row)
    other.exec('commit')
    expect(await store.revokeToken(row.key, NOW)).toBe(true)
    expect(await inParallel(20, (index) => store.findToken(rows[index]!.key))).toEqual(Array(20).fill(null))
    await store.check()
  })

  test('writes wait for it without keeping the event loop', async () => {
    const path = newPath()
    const store = await openStore(path, { busyTimeoutMs: 60_000 })
    const other = connectTo(path)
    other.exec('begin immediate')
    const rows = rowsOf(store, 3)
    const outcomes = outcomesOf(store, rows)
    await nextTurn()
    await nextTurn()
    expect(store.statistics().waiting).toBe(3)
    other.exec('commit')
    expect(await outcomes).toEqual(['issued', 'issued', 'issued'])
  })
})

describe('T011 while the disk is full', () => {
  test('no write is confirmed that is not kept, and all is well when there is room again', async () => {
    const { store, connection } = await openWithConnection(newPath())
    const user = userRow()
    await store.insertUser(user)
    const parent = await issued(store)
    const pages = Number(connection.prepare('pragma page_count').get()?.page_count)
    connection.exec(`pragma max_page_count = ${pages + 3}`)

    const large = { scope: ['x'.repeat(2000)] }
    const acknowledged: TokenRow[] = []
    const refused: TokenRow[] = []
    while (refused.length === 0) {
      const rows = rowsOf(store, 3, large)
      const outcomes = await outcomesOf(store, rows)
      // A transaction is kept whole or not at all.
      expect(new Set(outcomes).size).toBe(1)
      ;(outcomes[0] === 'issued' ? acknowledged : refused).push(...rows)
    }
    expect(await outcomesOf(store, rowsOf(store, 3, large))).toEqual(Array(3).fill('StoreUnavailable'))
    const successor = successorOf(parent, store.nextKey(), large)
    const refresh = write({ spend: { key: parent.key, now: NOW }, row: successor })
    await expect(store.issue(refresh)).rejects.toThrow(StoreUnavailable)
    const change = store.updateUser({ ...user, roles: ['x'.repeat(20_000)] })
    await expect(change).rejects.toThrow(StoreUnavailable)

    expect(await store.findToken(parent.key)).toEqual(parent)
    expect(await store.findUser('acme', user.id)).toEqual(user)
    for (const row of acknowledged) expect(await store.findToken(row.key)).toEqual(row)
    for (const row of refused) expect(await store.findToken(row.key)).toBeNull()

    connection.exec('pragma max_page_count = 1073741823')
    expect(await store.issue(refresh)).toBe('issued')
    expect(await outcomesOf(store, refused)).toEqual(['issued', 'issued', 'issued'])
    expect(connection.prepare('pragma integrity_check').get()).toEqual({ integrity_check: 'ok' })
  })
})

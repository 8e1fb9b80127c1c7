import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { StoreUnavailable } from '../../src/store/errors.ts'
import { change, changeReturning } from '../../src/stores/sql/operation.ts'
import { connectionOf } from '../../src/stores/sqlite/connection.ts'
import { createGroupCommit, type GroupCommitOptions } from '../../src/stores/sqlite/group-commit.ts'
import type { Connection } from '../../src/stores/sqlite/transaction.ts'

/** A database of numbers, and a group commit over it that fails with chosen commands. */
function fixture(options: Partial<GroupCommitOptions> = {}) {
  const database = new DatabaseSync(':memory:')
  database.exec('create table numbers (n integer primary key) strict')
  const real = connectionOf(database)
  const failing = new Set<string>()
  const commands: string[] = []
  /** How often each of the next transactions finds the lock held by another process. */
  const busy: number[] = []
  const connection: Connection = {
    ...real,
    isFailure: (error) => real.isFailure(error) || String(error).includes('I/O'),
    isBusy: (error) => String(error).includes('database is locked'),
    execute(command) {
      commands.push(command)
      if (command === 'begin immediate' && busy.length > 0) {
        if (busy[0]! > 0) {
          busy[0]! -= 1
          throw new Error('database is locked')
        }
        busy.shift()
      }
      if (failing.has(command)) throw new Error(`disk I/O error in ${command}`)
      real.execute(command)
    },
  }
  const commit = createGroupCommit(connection, {
    ...{ attempts: 1, maxWaitMs: 60_000, nowMs: () => performance.now() },
    ...options,
  })
  const insert = (n: number) =>
    commit.write(() => change('insert into numbers values (?)', n)).catch((error: Error) => error)
  const numbers = () =>
    database
      .prepare('select n from numbers order by n')
      .all()
      .map((row) => row.n)
  /** Inserts 10, then fails. */
  const insertHalf = () =>
    commit
      .write(function* () {
        yield* change('insert into numbers values (?)', 10)
        yield* change('insert into numbers values (?)', 1)
      })
      .catch((error: Error) => error)
  return { commit, insert, insertHalf, numbers, failing, busy, commands }
}

test('a commit that fails rejects all writes of the transaction, keeps none, and the next is tried anew', async () => {
  const { insert, numbers, failing } = fixture()
  failing.add('commit')
  const outcomes = await Promise.all([insert(1), insert(2)])
  for (const outcome of outcomes) {
    expect(outcome).toBeInstanceOf(StoreUnavailable)
    expect((outcome as Error).cause).toMatchObject({ message: 'disk I/O error in commit' })
  }
  expect(numbers()).toEqual([])
  failing.clear()
  expect(await insert(1)).toBe(1)
  expect(numbers()).toEqual([1])
})

test('a transaction that can not begin rejects all writes that wait', async () => {
  const { insert, numbers, failing } = fixture()
  failing.add('begin immediate')
  expect(await Promise.all([insert(1), insert(2)])).toEqual([
    expect.any(StoreUnavailable),
    expect.any(StoreUnavailable),
  ])
  failing.clear()
  expect(await insert(3)).toBe(1)
  expect(numbers()).toEqual([3])
})

test('a transaction that can not be taken back is taken back before the next begins', async () => {
  const { insert, numbers, failing } = fixture()
  failing.add('commit').add('rollback')
  expect(await insert(1)).toBeInstanceOf(StoreUnavailable)
  failing.delete('commit')
  expect(await insert(2)).toBeInstanceOf(StoreUnavailable)
  failing.clear()
  expect(await insert(3)).toBe(1)
  expect(numbers()).toEqual([3])
})

test('an operation that fails half-way is taken back alone', async () => {
  const { insert, insertHalf, numbers } = fixture()
  const [first, failed, last, again] = await Promise.all([insert(1), insertHalf(), insert(2), insert(2)])
  expect(first).toBe(1)
  expect(failed).toMatchObject({ message: expect.stringContaining('UNIQUE') })
  expect(last).toBe(1)
  expect(again).toMatchObject({ message: expect.stringContaining('UNIQUE') })
  expect(numbers()).toEqual([1, 2])
})

test('an operation that fails after it has deleted rows and asked for them is taken back', async () => {
  const { commit, insert, numbers } = fixture()
  await insert(1)
  const deleted: unknown[] = []
  const refused = commit.write(function* () {
    deleted.push(...(yield* changeReturning('delete from numbers where n = ? returning n', 1)))
    throw new Error('no')
  })
  const [outcome] = await Promise.all([refused.catch((error: Error) => error.message), insert(2)])
  expect(outcome).toBe('no')
  expect(deleted[0]).toEqual([1])
  expect(numbers()).toEqual([1, 2])
})

test('a batch that must be done again waits if another process has got the lock in between', async () => {
  const { commit, insert, insertHalf, numbers, busy, commands } = fixture({ attempts: 4 })
  busy.push(0, 2)
  const outcomes = [insert(1), insertHalf(), insert(2)]
  // These wait behind the batch, in their order.
  setImmediate(() => void outcomes.push(insert(2), insert(3)))
  const [first, failed, second] = await Promise.all(outcomes)
  expect([first, second]).toEqual([1, 1])
  expect(failed).toMatchObject({ message: expect.stringContaining('UNIQUE') })
  expect(await outcomes[3]).toMatchObject({ message: expect.stringContaining('UNIQUE') })
  expect(await outcomes[4]).toBe(1)
  expect(numbers()).toEqual([1, 2, 3])
  expect(commands.filter((command) => command === 'commit')).toHaveLength(1)
  expect(commit.statistics()).toEqual({ transactions: 1, writes: 5, waiting: 0 })
})

test('attempts to get the lock are counted anew for each batch', async () => {
  const { insert, numbers, busy } = fixture({ attempts: 3 })
  busy.push(2, 2)
  expect(await insert(1)).toBe(1)
  expect(await insert(2)).toBe(1)
  expect(numbers()).toEqual([1, 2])
})

test('a batch that never gets the lock again is refused with all behind it, and closing waits for that', async () => {
  const { commit, insert, insertHalf, numbers, busy } = fixture({ attempts: 4 })
  // The first of its two transactions always gets it: that must not count as progress.
  busy.push(0, 1, 1, 1, 1)
  const outcomes = [insert(1), insertHalf()]
  setImmediate(() => void outcomes.push(insert(3)))
  await Promise.all(outcomes)
  await commit.close()
  for (const outcome of await Promise.all(outcomes)) expect(outcome).toBeInstanceOf(StoreUnavailable)
  expect(outcomes).toHaveLength(3)
  expect(numbers()).toEqual([])
})

test('no savepoints are set where nothing fails half-way', async () => {
  const { insert, commands } = fixture()
  await Promise.all([insert(1), insert(2), insert(2)])
  expect(commands).toEqual(['begin immediate', 'commit'])
})

test.each([0, 1])(
  'an operation that meets a failure of the database after %i changes fails its neighbours too',
  async (changes) => {
    const { commit, insert, numbers } = fixture()
    const failed = () =>
      commit.write(function* () {
        if (changes > 0) yield* change('insert into numbers values (?)', 2)
        throw new Error('I/O')
      })
    const outcomes = await Promise.all([insert(1), failed().catch((error: Error) => error), insert(3)])
    expect(outcomes).toEqual(Array(3).fill(expect.any(StoreUnavailable)))
    expect(numbers()).toEqual([])
  },
)

test('closing waits for all that waits, and refuses what comes later', async () => {
  const { commit, insert, numbers } = fixture()
  for (let n = 0; n < 300; n++) void insert(n)
  const closed = commit.close()
  expect(await insert(300)).toBeInstanceOf(StoreUnavailable)
  await closed
  expect(numbers()).toHaveLength(300)
  await commit.close()
})

test('an observer is told of each transaction that was committed, and of no other', async () => {
  const told: number[] = []
  const { insert, insertHalf, failing } = fixture({
    observer: {
      committed(writes, commitMs) {
        expect(commitMs).toBeGreaterThan(0)
        told.push(writes)
      },
    },
  })
  await insert(1)
  failing.add('commit')
  await Promise.all([insert(2), insert(3)])
  failing.clear()
  await Promise.all([insert(2), insertHalf(), insert(3)])
  expect(told).toEqual([1, 3])
})

test('an answer is not given before the commit', async () => {
  const { commit, commands } = fixture()
  const seen: string[] = []
  const done = commit.write(() => change('insert into numbers values (1)')).then(() => seen.push(...commands))
  await done
  expect(seen).toEqual(['begin immediate', 'commit'])
})

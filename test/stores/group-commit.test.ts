import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { StoreUnavailable } from '../../src/store/errors.ts'
import { change } from '../../src/stores/sql/operation.ts'
import { connectionOf } from '../../src/stores/sqlite/connection.ts'
import { type Connection, createGroupCommit } from '../../src/stores/sqlite/group-commit.ts'

/** A database of numbers, and a group commit over it that fails with chosen commands. */
function fixture() {
  const database = new DatabaseSync(':memory:')
  database.exec('create table numbers (n integer primary key) strict')
  const real = connectionOf(database)
  const failing = new Set<string>()
  const commands: string[] = []
  const connection: Connection = {
    ...real,
    isFailure: (error) => real.isFailure(error) || String(error).includes('I/O'),
    execute(command) {
      commands.push(command)
      if (failing.has(command)) throw new Error(`disk I/O error in ${command}`)
      real.execute(command)
    },
  }
  const commit = createGroupCommit(connection, 1)
  const insert = (n: number) =>
    commit.write(() => change('insert into numbers values (?)', n)).catch((error: Error) => error)
  const numbers = () =>
    database
      .prepare('select n from numbers order by n')
      .all()
      .map((row) => row.n)
  return { commit, insert, numbers, failing, commands }
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
  const { commit, insert, numbers } = fixture()
  const half = () =>
    commit.write(function* () {
      yield* change('insert into numbers values (?)', 10)
      yield* change('insert into numbers values (?)', 1)
    })
  const [first, failed, last, again] = await Promise.all([
    insert(1),
    half().catch((error: Error) => error.message),
    insert(2),
    insert(2),
  ])
  expect(first).toBe(1)
  expect(failed).toContain('UNIQUE')
  expect(last).toBe(1)
  expect(again).toMatchObject({ message: expect.stringContaining('UNIQUE') })
  expect(numbers()).toEqual([1, 2])
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

test('an answer is not given before the commit', async () => {
  const { commit, commands } = fixture()
  const seen: string[] = []
  const done = commit.write(() => change('insert into numbers values (1)')).then(() => seen.push(...commands))
  await done
  expect(seen).toEqual(['begin immediate', 'commit'])
})

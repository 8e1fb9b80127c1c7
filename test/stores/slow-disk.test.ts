/** T015: a disk that takes its time keeps the event loop for one flush at a time, and nobody waits for ever. */
import { DatabaseSync } from 'node:sqlite'
import { expect, onTestFinished, test } from 'vitest'
import { StoreUnavailable } from '../../src/store/errors.ts'
import { change } from '../../src/stores/sql/operation.ts'
import { connectionOf } from '../../src/stores/sqlite/connection.ts'
import { createGroupCommit, type Upkeep } from '../../src/stores/sqlite/group-commit.ts'
import type { Connection } from '../../src/stores/sqlite/transaction.ts'

/** As long as a flush takes here: longer than the timer that stands for the other requests. */
const FLUSH_MS = 8
const TURN_MS = 1

const MAX_WAIT_MS = 3000

/** A group commit over a disk that is slow, with a clock that the test moves. */
function slowDisk(isDue: () => boolean = () => false, flushMs = 0) {
  const database = new DatabaseSync(':memory:')
  database.exec('create table numbers (n integer)')
  const events: string[] = []
  let nowMs = 0
  const flush = (name: string) => {
    const end = performance.now() + FLUSH_MS
    while (performance.now() < end) {}
    nowMs += flushMs
    events.push(name)
  }
  const real = connectionOf(database)
  const connection: Connection = {
    ...real,
    execute(command) {
      real.execute(command)
      if (command === 'commit') flush('commit')
    },
  }
  const upkeep: Upkeep = { isDue, run: () => flush('checkpoint') }
  const commit = createGroupCommit(connection, {
    ...{ attempts: 1, maxWaitMs: MAX_WAIT_MS, upkeep },
    nowMs: () => nowMs,
  })
  return {
    commit,
    events,
    insert: (n: number) => commit.write(() => change('insert into numbers values (?)', n)),
    wait: (ms: number) => {
      nowMs += ms
    },
  }
}

/** Notes each turn of the event loop in which something else than the disk could be attended to. */
function noteTurns(events: string[]): void {
  let timer: NodeJS.Timeout
  const turn = () => {
    events.push('turn')
    timer = setTimeout(turn, TURN_MS)
  }
  timer = setTimeout(turn, TURN_MS)
  onTestFinished(() => clearTimeout(timer))
}

test('T015 between two flushes everybody else has a turn, though thousands of writes wait', async () => {
  const { events, insert, commit } = slowDisk(() => true)
  noteTurns(events)
  await Promise.all(Array.from({ length: 2000 }, (_, index) => insert(index)))
  await commit.close()
  expect(events.filter((event) => event === 'commit')).toHaveLength(8)
  expect(events.filter((event) => event === 'checkpoint')).toHaveLength(8)
  const flushes = events.join(' ').split(/(?: ?turn)+ ?/)
  expect(flushes.filter((between) => between.includes(' '))).toEqual([])
})

test('T015 a checkpoint is made when it is due, and not before', async () => {
  let due = false
  const { events, insert, commit } = slowDisk(() => due)
  await insert(1)
  await insert(2)
  due = true
  await insert(3)
  due = false
  await insert(4)
  await commit.close()
  expect(events).toEqual(['commit', 'commit', 'commit', 'checkpoint', 'commit'])
})

test('T015 a write that has waited too long is refused, and whoever came later is not', async () => {
  const { insert, wait, commit } = slowDisk()
  const early = [insert(1), insert(2)].map((write) => write.catch((error: Error) => error))
  wait(MAX_WAIT_MS)
  const middle = insert(3)
  wait(1)
  const late = insert(4)
  for (const outcome of await Promise.all(early)) {
    expect(outcome).toBeInstanceOf(StoreUnavailable)
    expect((outcome as Error).message).toContain('3000 ms')
  }
  expect(await Promise.all([middle, late])).toEqual([1, 1])
  expect(commit.statistics()).toEqual({ transactions: 1, writes: 2, waiting: 0 })
})

test('T015 closing does not wait for what is refused', async () => {
  const { insert, wait, commit } = slowDisk()
  const late = insert(1).catch((error: Error) => error)
  wait(MAX_WAIT_MS + 1)
  await commit.close()
  expect(await late).toBeInstanceOf(StoreUnavailable)
})

test('T015 after a flush there are as many turns as a part of its time holds, for one connection is accepted a turn', async () => {
  const { events, insert, commit, wait } = slowDisk(() => true, 100)
  let isOver = false
  const turn = () => {
    events.push('turn')
    wait(1)
    if (!isOver) setImmediate(turn)
  }
  setImmediate(turn)
  await Promise.all(Array.from({ length: 1000 }, (_, index) => insert(index)))
  await commit.close()
  isOver = true
  const between = events
    .join(' ')
    .split(/commit|checkpoint/)
    .slice(1, -1)
  expect(between).toHaveLength(7)
  for (const turns of between) expect(turns.split('turn').length - 1).toBeGreaterThanOrEqual(25)
})

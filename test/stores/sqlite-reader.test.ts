import { DatabaseSync } from 'node:sqlite'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { change } from '../../src/stores/sql/operation.ts'
import { connectionOf } from '../../src/stores/sqlite/connection.ts'
import { createGroupCommit } from '../../src/stores/sqlite/group-commit.ts'
import { createReader } from '../../src/stores/sqlite/reader.ts'
import type { Connection } from '../../src/stores/sqlite/transaction.ts'
import { openWalIndex } from '../../src/stores/sqlite/wal-index.ts'
import { clientRow, NOW, tokenRow, write } from './conformance/fixture.ts'
import { connectTo, newPath, openStore } from './sqlite-file.ts'

/** Of a database that nobody else has. */
const NO_OTHERS = { commits: () => 0 }

async function openTwo() {
  const path = newPath()
  return { one: await openStore(path), other: await openStore(path) }
}

test('a client that another process changed is found as it is now', async () => {
  const { one, other } = await openTwo()
  await one.insertClient(clientRow())
  await other.findClient('acme', 'shop')
  await one.updateClient(clientRow({ disabled: true }))
  expect(await other.findClient('acme', 'shop')).toMatchObject({ disabled: true })
  await one.deleteClient('acme', 'shop')
  expect(await other.findClient('acme', 'shop')).toBeNull()
})

test('a client is kept while the database is checked and facts are saved, and not beyond the end of its tokens', async () => {
  const { one } = await openTwo()
  await one.insertClient(clientRow())
  const kept = await one.findClient('acme', 'shop')
  await one.check()
  await one.saveFact('one', '1')
  await one.claimFact('two', '2')
  expect(await one.findClient('acme', 'shop')).toBe(kept)
  await one.endTokens('acme', NOW + 5)
  expect(await one.findClient('acme', 'shop')).toMatchObject({ tokensValidAfter: NOW + 5 })
})

test('a token that another process revoked in this very turn is found revoked', async () => {
  const { one, other } = await openTwo()
  const row = tokenRow(one.nextKey())
  await one.issue(write({ row }))
  const before = other.findToken(row.key)
  const revoked = one.revokeToken(row.key, row.issuedAt).then(() => other.findToken(row.key))
  // Whenever it began to read, it is not to go on with that.
  for (let turn = 0; turn < 3; turn++) {
    await other.findToken(row.key)
    await nextTurn()
  }
  expect([(await before)?.revokedAt, (await revoked)?.revokedAt]).toEqual([null, row.issuedAt])
})

test('commits are counted, of this process and of others, and not those that are taken back', async () => {
  const path = newPath()
  const store = await openStore(path)
  const index = openWalIndex(path)
  onTestFinished(() => index.close())
  const other = connectTo(path)
  const counts = [index.commits()]
  await store.saveFact('one', '1')
  counts.push(index.commits())
  other.exec("begin; update facts set value = '2'; rollback")
  counts.push(index.commits())
  other.exec("update facts set value = '2'")
  counts.push(index.commits())
  const [first = 0] = counts
  expect(counts).toEqual([first, first + 1, first + 1, first + 2])
})

test('what is in the log is told as SQLite tells it', async () => {
  const path = newPath()
  const store = await openStore(path)
  const index = openWalIndex(path)
  onTestFinished(() => index.close())
  const other = connectTo(path)
  const look = other.prepare('pragma wal_checkpoint(noop)')
  const seen: unknown[] = []
  let writes = 0
  const write = async () => {
    writes += 1
    for (let fact = 0; fact < 20; fact++) await store.saveFact(`fact ${fact}`, `${writes}`.repeat(1000))
  }
  const reader = connectTo(path)
  const steps = [
    write,
    () => reader.exec('begin; select count(*) from facts'),
    write,
    // As far as the reader lets it.
    () => other.exec('pragma wal_checkpoint(passive)'),
    () => reader.exec('commit'),
    () => other.exec('pragma wal_checkpoint(passive)'),
    // Begins the log anew.
    write,
    () => other.exec('pragma wal_checkpoint(truncate)'),
  ]
  for (const step of steps) {
    await step()
    await nextTurn()
    const { log, checkpointed } = look.get() ?? {}
    expect(index.frames()).toEqual({ all: log, checkpointed })
    seen.push(log, checkpointed)
  }
  expect(new Set(seen).size).toBeGreaterThan(3)
})

test('what this process has written is read in the very same turn', async () => {
  const { one } = await openTwo()
  const row = tokenRow(one.nextKey())
  expect(await one.findToken(row.key)).toBeNull()
  await one.issue(write({ row }))
  expect(await one.findToken(row.key)).toEqual(row)
})

test('a turn that has read keeps no other process from its log, once it is over', async () => {
  const path = newPath()
  const store = await openStore(path)
  await store.insertClient(clientRow())
  await store.findClient('acme', 'shop')
  const other = connectTo(path)
  const truncate = () => other.prepare('pragma wal_checkpoint(truncate)').get()?.busy
  expect(truncate()).toBe(1)
  await nextTurn()
  await nextTurn()
  expect(truncate()).toBe(0)
})

test('what a batch wrote that could not be taken back is not read', async () => {
  const database = new DatabaseSync(':memory:')
  const connection = connectionOf(database)
  const reader = createReader(connection, NO_OTHERS)
  database.exec('create table numbers (n integer); begin; insert into numbers values (1)')
  expect(await reader.read('select n from numbers', [])).toEqual([])
})

test('a batch that fails in a turn that has read, and can not be taken back, is neither read nor committed', async () => {
  const database = new DatabaseSync(':memory:')
  database.exec('create table numbers (n integer)')
  const real = connectionOf(database)
  const failing = new Set(['commit', 'rollback'])
  let isWriting = false
  const connection: Connection = {
    ...real,
    isFailure: () => true,
    execute(command) {
      if (command === 'begin immediate') isWriting = true
      if (isWriting && failing.delete(command)) throw new Error('I/O')
      real.execute(command)
    },
  }
  const reader = createReader(connection, NO_OTHERS)
  const commit = createGroupCommit(connection, {
    ...{ beforeTurn: reader.end, attempts: 1, maxWaitMs: 1000, nowMs: () => 0 },
  })
  // In this order, so that the batch begins before the reading has ended by itself.
  const written = commit.write(() => change('insert into numbers values (1)'))
  await reader.read('select n from numbers', [])
  await expect(written).rejects.toThrow()
  expect(await reader.read('select n from numbers', [])).toEqual([])
  await nextTurn()
  await nextTurn()
  expect(database.isTransaction).toBe(false)
  expect(database.prepare('select n from numbers').all()).toEqual([])
})

test('a reader that can not look at the database keeps nothing, and says what ails it', async () => {
  const database = new DatabaseSync(':memory:')
  const reader = createReader(connectionOf(database), NO_OTHERS)
  database.close()
  expect(reader.generationOf('clients')).toBeNull()
  await expect(reader.read('select 1', [])).rejects.toThrow('could not be read')
})

/** T016: who reads for long makes the log grow, and nothing else: operators are told, and it shrinks by itself. */
import { statSync } from 'node:fs'
import { expect, test } from 'vitest'
import { tokenRow, write } from './conformance/fixture.ts'
import { connectTo, newPath, openStore } from './sqlite-file.ts'

const MIB = 1024 * 1024

/** Rows that fill so many bytes of the log, roughly. */
async function fill(store: Awaited<ReturnType<typeof openStore>>, bytes: number): Promise<void> {
  const end = (store.statistics().logBytes ?? 0) + bytes
  while ((store.statistics().logBytes ?? 0) < end) {
    const rows = Array.from({ length: 50 }, () => tokenRow(store.nextKey(), { scope: ['x'.repeat(15_000)] }))
    await Promise.all(rows.map((row) => store.issue(write({ row }))))
  }
}

test('T016 a log that a reader keeps from beginning anew is told of, each time it has doubled, and when it is small again', async () => {
  const path = newPath()
  const told: (readonly [mebibytes: number, isLarge: boolean])[] = []
  const store = await openStore(path, {
    largeLog: 20 * MIB,
    onLogSize: (bytes, isLarge) => told.push([Math.floor(bytes / MIB), isLarge]),
  })
  await fill(store, MIB)
  const reader = connectTo(path)
  reader.exec('begin; select count(*) from tokens')
  await fill(store, 90 * MIB)
  expect(told.map(([, isLarge]) => isLarge)).toEqual([true, true, true])
  for (const [index, [mebibytes]] of told.entries()) {
    expect(mebibytes).toBeGreaterThanOrEqual(20 * 2 ** index)
    expect(mebibytes).toBeLessThan(20 * 2 ** index + 5)
  }
  expect(store.statistics().logBytes).toBeGreaterThan(90 * MIB)

  reader.exec('commit')
  // The first write finds the way free, the next begins the log anew.
  for (let count = 0; count < 3; count++) await store.check()
  expect(told.slice(3)).toEqual([[0, false]])
  expect(store.statistics().logBytes).toBeLessThan(MIB)
  expect(statSync(`${path}-wal`).size).toBeLessThanOrEqual(64 * MIB)
  expect(reader.prepare('pragma quick_check').get()).toEqual({ quick_check: 'ok' })
})

test('T016 without readers the log stays small, whatever is written', async () => {
  const path = newPath()
  const store = await openStore(path, { onLogSize: () => expect.fail('the log became large') })
  for (let round = 0; round < 5; round++) {
    const rows = Array.from({ length: 500 }, () => tokenRow(store.nextKey(), { scope: ['x'.repeat(15_000)] }))
    await Promise.all(rows.map((row) => store.issue(write({ row }))))
  }
  expect(statSync(`${path}-wal`).size).toBeLessThan(32 * MIB)
  expect(statSync(path).size).toBeGreaterThan(16 * MIB)
})

test('T011 whether the disk takes a write is found out by a write: each time one goes into the log', async () => {
  const store = await openStore(newPath())
  let before = 0
  for (let count = 0; count < 4; count++) {
    await store.check()
    const after = store.statistics().logBytes ?? 0
    expect(after).toBeGreaterThan(before)
    before = after
  }
})

import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { openSqliteStore } from '../../src/stores/sqlite/database.ts'
import { inParallel, issued, NOW } from './conformance/fixture.ts'

const MEBIBYTE = 2 ** 20

test('T196 the log of SQLite does not grow with what a purge deletes', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'mintkeeper-purge-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  const path = join(directory, 'mintkeeper.db')
  const store = await openSqliteStore({ path, clock: () => NOW * 1000 })
  onTestFinished(() => store.close())
  for (let round = 0; round < 4; round++) {
    // Users at random, as in life: each row is on a page of its own in the index.
    await inParallel(5000, (index) => {
      const userId = `user-${(index * 7919) % 5000}-${round}`
      return issued(store, { userId, accessExpiresAt: NOW, refreshExpiresAt: NOW })
    })
  }
  const live = await issued(store)
  let gone = 0
  for (;;) {
    const purged = await store.purge(NOW, store.purgePace.rows)
    if (purged === 0) break
    gone += purged
  }
  expect(gone).toBe(20_000)
  expect(await store.findToken(live.key)).toEqual(live)
  expect(statSync(`${path}-wal`).size).toBeLessThan(32 * MEBIBYTE)
})

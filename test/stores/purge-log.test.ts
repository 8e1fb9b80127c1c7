import { statSync } from 'node:fs'
import { expect, test } from 'vitest'
import { inParallel, issued, NOW } from './conformance/fixture.ts'
import { newPath, openStore } from './sqlite-file.ts'

const MEBIBYTE = 2 ** 20

test('T196 the log of SQLite does not grow with what a purge deletes', async () => {
  const path = newPath()
  const store = await openStore(path)
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

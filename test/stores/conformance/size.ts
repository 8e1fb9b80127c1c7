import { describe, expect, test } from 'vitest'
import type { SampledToken } from '../../../src/store/size.ts'
import { inParallel, issued, NOW, type Open, userRow } from './fixture.ts'

function sum(rows: readonly SampledToken[]): number {
  return rows.reduce((total, { weight }) => total + weight, 0)
}

export function describeSize(open: Open): void {
  describe('size', () => {
    test('tells every row of a small table: when it was written, and from when on it is dead', async () => {
      let now = NOW
      const store = await open(() => now * 1000)
      expect((await store.size(10)).tokens).toEqual({ isAll: true, rows: [] })
      await issued(store, { accessExpiresAt: NOW + 60, refreshExpiresAt: NOW + 90 })
      now += 86_400
      await issued(store, { accessExpiresAt: now + 60, refreshHash: null })
      const { isAll, rows } = (await store.size(10)).tokens
      expect(isAll).toBe(true)
      expect(rows.toSorted((one, other) => one.writtenAt - other.writtenAt)).toEqual([
        { weight: 1, writtenAt: NOW, deadAt: NOW + 90 },
        { weight: 1, writtenAt: now, deadAt: now + 60 },
      ])
    })

    test('estimates the rows of a larger table', async () => {
      let nowMs = NOW * 1000
      const store = await open(() => nowMs)
      await inParallel(6000, (index) => {
        nowMs += 15_000
        return issued(store, index % 5 === 0 ? { accessExpiresAt: NOW, refreshHash: null } : {})
      })
      const { isAll, rows } = (await store.size(10)).tokens
      if (isAll) expect(sum(rows)).toBe(6000)
      expect(Math.abs(sum(rows) - 6000)).toBeLessThan(600)
      expect(Math.abs(sum(rows.filter(({ deadAt }) => deadAt <= NOW)) - 1200)).toBeLessThan(300)
    })

    test('counts the rows of other tables, up to a limit, and knows its bytes', async () => {
      const store = await open()
      for (const id of ['1', '2', '3'])
        await store.insertUser(userRow({ id, username: `user-${id}`, email: null }))
      const { bytes, freeBytes, tables } = await store.size(2)
      if (bytes === null) return
      expect(bytes).toBeGreaterThan(freeBytes ?? 0)
      expect(tables.get('users')).toEqual({ rows: 2, isAll: false })
      expect((await store.size(3)).tables.get('users')).toEqual({ rows: 3, isAll: true })
      expect(tables.get('clients')).toEqual({ rows: 0, isAll: true })
    })
  })
}

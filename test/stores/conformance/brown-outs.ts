import { describe, expect, test } from 'vitest'
import type { BrownOutRow } from '../../../src/store/brown-outs.ts'
import { StoreConflict } from '../../../src/store/errors.ts'
import { inParallel, NOW, type Open } from './fixture.ts'

function row(columns: Partial<BrownOutRow> = {}): BrownOutRow {
  return {
    tenant: 'acme',
    id: 'one',
    surface: 'newstore',
    from: NOW,
    to: NOW + 60,
    endedAt: null,
    ...columns,
  }
}

export function describeBrownOuts(open: Open): void {
  describe('brown-outs', () => {
    test('are listed as they were started, until their time is over', async () => {
      const store = await open()
      const ofSome = row({ id: 'two', surface: 'spree', users: ['a', 'auth0|1'], to: NOW + 90 })
      const elsewhere = row({ tenant: 'other', to: NOW + 61 })
      for (const each of [ofSome, row(), elsewhere]) await store.insertBrownOut(each, NOW)
      expect(await store.listBrownOuts(NOW + 59)).toEqual([row(), ofSome, elsewhere])
      expect(await store.listBrownOuts(NOW + 60)).toEqual([ofSome, elsewhere])
      expect(await store.listBrownOuts(NOW + 90)).toEqual([])
    })

    test('are forgotten with the next one, when they are over', async () => {
      const store = await open()
      await store.insertBrownOut(row(), NOW)
      await store.insertBrownOut(row({ id: 'two', to: NOW + 90 }), NOW + 59)
      expect(await store.listBrownOuts(0)).toHaveLength(2)
      await store.insertBrownOut(row({ id: 'three', to: NOW + 90 }), NOW + 60)
      expect((await store.listBrownOuts(0)).map(({ id }) => id)).toEqual(['three', 'two'])
    })

    test('have ids of their own', async () => {
      const store = await open()
      await store.insertBrownOut(row(), NOW)
      const again = store.insertBrownOut(row({ surface: 'spree' }), NOW)
      await expect(again).rejects.toThrow(StoreConflict)
      expect(await store.listBrownOuts(NOW)).toEqual([row()])
    })

    test('are ended once, whoever ends them at the same time; so is one that is only configured', async () => {
      const store = await open()
      await store.insertBrownOut(row(), NOW)
      const configured = row({ id: 'newstore-1-2', to: NOW + 99 })
      for (const each of [row(), configured]) {
        const outcomes = await inParallel(20, (index) => store.endBrownOut({ ...each, endedAt: NOW + index }))
        expect(outcomes.filter((isEnded) => isEnded)).toHaveLength(1)
      }
      const rows = await store.listBrownOuts(NOW)
      expect(rows).toMatchObject([{ id: 'newstore-1-2', to: NOW + 99 }, row({ endedAt: expect.any(Number) })])
      const endedAt = rows[1]?.endedAt ?? 0
      expect(await store.endBrownOut({ ...row(), endedAt: NOW + 50 })).toBe(false)
      expect((await store.listBrownOuts(NOW))[1]?.endedAt).toBe(endedAt)
    })
  })
}

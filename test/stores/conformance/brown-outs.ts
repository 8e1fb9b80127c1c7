import { describe, expect, test } from 'vitest'
import type { BrownOutRow } from '../../../src/store/brown-outs.ts'
import { StoreConflict } from '../../../src/store/errors.ts'
import { inParallel, NOW, type Open } from './fixture.ts'

export function brownOutRow(columns: Partial<BrownOutRow> = {}): BrownOutRow {
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
      const ofSome = brownOutRow({ id: 'two', surface: 'spree', users: ['a', 'auth0|1'], to: NOW + 90 })
      const elsewhere = brownOutRow({ tenant: 'other', to: NOW + 61 })
      for (const each of [ofSome, brownOutRow(), elsewhere]) await store.insertBrownOut(each, NOW)
      expect(await store.listBrownOuts(NOW + 59)).toEqual([brownOutRow(), ofSome, elsewhere])
      expect(await store.listBrownOuts(NOW + 60)).toEqual([ofSome, elsewhere])
      expect(await store.listBrownOuts(NOW + 90)).toEqual([])
    })

    test('are forgotten with the next one, when they are over', async () => {
      const store = await open()
      await store.insertBrownOut(brownOutRow(), NOW)
      await store.insertBrownOut(brownOutRow({ id: 'two', to: NOW + 90 }), NOW + 59)
      expect(await store.listBrownOuts(0)).toHaveLength(2)
      await store.insertBrownOut(brownOutRow({ id: 'three', to: NOW + 90 }), NOW + 60)
      expect((await store.listBrownOuts(0)).map(({ id }) => id)).toEqual(['three', 'two'])
    })

    test('have ids of their own', async () => {
      const store = await open()
      await store.insertBrownOut(brownOutRow(), NOW)
      const again = store.insertBrownOut(brownOutRow({ surface: 'spree' }), NOW)
      await expect(again).rejects.toThrow(StoreConflict)
      expect(await store.listBrownOuts(NOW)).toEqual([brownOutRow()])
    })

    test('are ended once, whoever ends them at the same time; so is one that is only configured', async () => {
      const store = await open()
      await store.insertBrownOut(brownOutRow(), NOW)
      const configured = brownOutRow({ id: 'newstore-1-2', to: NOW + 99 })
      for (const each of [brownOutRow(), configured]) {
        const outcomes = await inParallel(20, (index) => store.endBrownOut({ ...each, endedAt: NOW + index }))
        expect(outcomes.filter((isEnded) => isEnded)).toHaveLength(1)
      }
      const rows = await store.listBrownOuts(NOW)
      expect(rows).toMatchObject([
        { id: 'newstore-1-2', to: NOW + 99 },
        brownOutRow({ endedAt: expect.any(Number) }),
      ])
      const endedAt = rows[1]?.endedAt ?? 0
      expect(await store.endBrownOut({ ...brownOutRow(), endedAt: NOW + 50 })).toBe(false)
      expect((await store.listBrownOuts(NOW))[1]?.endedAt).toBe(endedAt)
    })
  })
}

import { describe, expect, test } from 'vitest'
import { inParallel, issued, NOW, type Open, successorOf, write } from './fixture.ts'

export function describeRevocation(open: Open): void {
  describe('revokeToken', () => {
    test('revokes one row, once', async () => {
      const store = await open()
      const row = await issued(store)
      const other = await issued(store, { family: row.key, parent: row.key })
      expect(await store.revokeToken(row.key, NOW + 1)).toBe(true)
      expect(await store.revokeToken(row.key, NOW + 2)).toBe(false)
      expect(await store.revokeToken(store.nextKey(), NOW)).toBe(false)
      expect(await store.findToken(row.key)).toEqual({ ...row, revokedAt: NOW + 1 })
      expect(await store.findToken(other.key)).toEqual(other)
    })

    test('tells one of 50 parallel callers that it was the first', async () => {
      const store = await open()
      const row = await issued(store)
      const outcomes = await inParallel(50, () => store.revokeToken(row.key, NOW))
      expect(outcomes.filter(Boolean)).toHaveLength(1)
    })
  })

  describe('revokeFamily', () => {
    test('revokes the first row and all that name it, and no other', async () => {
      const store = await open()
      const first = await issued(store)
      const second = await issued(store, { family: first.key, parent: first.key })
      const third = await issued(store, { family: first.key, parent: second.key })
      const stranger = await issued(store)
      const strangers = await issued(store, { family: stranger.key, parent: stranger.key })
      await store.revokeToken(second.key, NOW + 1)
      await store.revokeFamily(first.key, NOW + 2)
      await store.revokeFamily(first.key, NOW + 3)
      expect(await store.findToken(first.key)).toEqual({ ...first, revokedAt: NOW + 2 })
      expect(await store.findToken(second.key)).toEqual({ ...second, revokedAt: NOW + 1 })
      expect(await store.findToken(third.key)).toEqual({ ...third, revokedAt: NOW + 2 })
      expect(await store.findToken(stranger.key)).toEqual(stranger)
      expect(await store.findToken(strangers.key)).toEqual(strangers)
    })

    test('of a family that is not there does nothing', async () => {
      const store = await open()
      await store.revokeFamily(store.nextKey(), NOW)
    })

    test.each(['rotate', 'keep', 'keep with an idle limit'])(
      'leaves no live row behind while refreshes run (%s)',
      async (policy) => {
        const store = await open()
        for (let round = 0; round < 20; round++) {
          const parent = await issued(store)
          const rows = Array.from({ length: 10 }, () =>
            successorOf(parent, store.nextKey(), policy === 'rotate' ? {} : { refreshHash: null }),
          )
          const parts = {
            spend: policy === 'rotate' ? { key: parent.key, now: NOW } : null,
            extend:
              policy === 'keep with an idle limit'
                ? { key: parent.key, refreshExpiresAt: NOW + 9, accessExpiresAt: NOW + 7 }
                : null,
          }
          const writes = rows.map((row) => () => store.issue(write({ ...parts, row })))
          writes.splice(round % 11, 0, async () => {
            await store.revokeFamily(parent.key, NOW + 1)
            return 'issued'
          })
          await Promise.all(writes.map((run) => run()))
          for (const row of [parent, ...rows]) {
            const found = await store.findToken(row.key)
            if (found !== null) expect(found.revokedAt).toBe(NOW + 1)
          }
        }
      },
    )
  })

  describe('denyJwt', () => {
    test('denies one identifier in one tenant', async () => {
      const store = await open()
      expect(await store.isJwtDenied('acme', 'jti-1')).toBe(false)
      await store.denyJwt('acme', 'jti-1', NOW + 60)
      expect(await store.isJwtDenied('acme', 'jti-1')).toBe(true)
      expect(await store.isJwtDenied('acme', 'jti-2')).toBe(false)
      expect(await store.isJwtDenied('other', 'jti-1')).toBe(false)
    })

    test('lasts until the later of two ends', async () => {
      const store = await open()
      await store.denyJwt('acme', 'grows', NOW + 10)
      await store.denyJwt('acme', 'grows', NOW + 20)
      await store.denyJwt('acme', 'shrinks', NOW + 20)
      await store.denyJwt('acme', 'shrinks', NOW + 10)
      expect(await store.purge(NOW + 19, 100)).toBe(0)
      expect(await store.isJwtDenied('acme', 'grows')).toBe(true)
      expect(await store.isJwtDenied('acme', 'shrinks')).toBe(true)
      expect(await store.purge(NOW + 20, 100)).toBe(2)
      expect(await store.isJwtDenied('acme', 'grows')).toBe(false)
    })
  })
}

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { StoreUnavailable } from '../../../src/store/errors.ts'
import * as arbitrary from './arbitrary.ts'
import { inParallel, issued, NOW, type Open, successorOf, tokenRow, userRow, write } from './fixture.ts'

export function describeIssue(open: Open): void {
  describe('nextKey', () => {
    test('grows, also while the clock stands still or goes back', async () => {
      let nowMs = NOW * 1000
      const store = await open(() => nowMs)
      let last = 0
      for (const step of [0, 0, 1, 0, -5000, 0, 250, 0, -1_000_000, 1]) {
        nowMs += step
        for (let count = 0; count < 300; count++) {
          const key = store.nextKey()
          expect(key).toBeGreaterThan(last)
          last = key
        }
      }
      expect(Number.isSafeInteger(last)).toBe(true)
    })

    test('is close to others of the same time', async () => {
      let nowMs = NOW * 1000
      const one = await open(() => nowMs)
      const other = await open(() => nowMs)
      const early = [one.nextKey(), other.nextKey()]
      nowMs += 1000
      const late = [one.nextKey(), other.nextKey()]
      expect(Math.max(...early)).toBeLessThan(Math.min(...late))
    })
  })

  describe('findToken', () => {
    test('finds nothing where nothing is', async () => {
      const store = await open()
      expect(await store.findToken(store.nextKey())).toBeNull()
    })

    test('finds every column as it was given', async () => {
      const store = await open()
      const rows = fc.uniqueArray(arbitrary.token(fc.maxSafeNat()), {
        maxLength: 8,
        selector: (row) => row.key,
      })
      const used = new Set<number>()
      await fc.assert(
        fc.asyncProperty(rows, async (generated) => {
          const fresh = generated.filter((row) => !used.has(row.key))
          for (const row of fresh) used.add(row.key)
          await Promise.all(fresh.map((row) => store.issue(write({ row: { ...row, parent: null } }))))
          for (const row of fresh) expect(await store.findToken(row.key)).toEqual({ ...row, parent: null })
        }),
        { numRuns: 60 },
      )
    })

    test('finds the greatest key, and columns that are null or empty', async () => {
      const store = await open()
      const row = tokenRow(Number.MAX_SAFE_INTEGER, {
        clientId: null,
        userId: null,
        scope: [],
        accessScope: [],
        accessHash: null,
        accessExpiresAt: null,
        refreshHash: null,
        refreshExpiresAt: null,
      })
      await store.issue(write({ row }))
      expect(await store.findToken(row.key)).toEqual(row)
    })
  })

  describe('issue', () => {
    test('with nothing to write is issued', async () => {
      const store = await open()
      expect(await store.issue(write({}))).toBe('issued')
    })

    test('spends the row, names its successor and inserts that', async () => {
      const store = await open()
      const parent = await issued(store)
      const row = successorOf(parent, store.nextKey())
      expect(await store.issue(write({ spend: { key: parent.key, now: NOW + 5 }, row }))).toBe('issued')
      expect(await store.findToken(parent.key)).toEqual({ ...parent, successor: row.key, spentAt: NOW + 5 })
      expect(await store.findToken(row.key)).toEqual(row)
    })

    test('spends without a successor', async () => {
      const store = await open()
      const parent = await issued(store)
      expect(await store.issue(write({ spend: { key: parent.key, now: NOW } }))).toBe('issued')
      expect(await store.findToken(parent.key)).toEqual({ ...parent, spentAt: NOW })
    })

    test('is lost, with nothing written, if the row to spend is not there, spent, revoked or has no refresh token', async () => {
      const store = await open()
      const user = userRow()
      await store.insertUser(user)
      const spent = await issued(store)
      await store.issue(write({ spend: { key: spent.key, now: NOW } }))
      const revoked = await issued(store)
      await store.revokeToken(revoked.key, NOW)
      const bare = await issued(store, { refreshHash: null })
      for (const key of [spent.key, revoked.key, bare.key, store.nextKey()]) {
        const before = await store.findToken(key)
        const row = tokenRow(store.nextKey())
        const rehash = { tenant: 'acme', userId: user.id, from: user.passwordHash ?? '', to: 'new' }
        expect(await store.issue(write({ spend: { key, now: NOW + 1 }, row, rehash }))).toBe('lost')
        expect(await store.findToken(row.key)).toBeNull()
        expect(await store.findToken(key)).toEqual(before)
      }
      expect(await store.findUser('acme', user.id)).toEqual(user)
    })

    test('lets one of 50 parallel refreshes with one credential win', async () => {
      const store = await open()
      for (let round = 0; round < 20; round++) {
        const parent = await issued(store)
        const rows = Array.from({ length: 50 }, () => successorOf(parent, store.nextKey()))
        const outcomes = await Promise.all(
          rows.map((row) => store.issue(write({ spend: { key: parent.key, now: NOW }, row }))),
        )
        expect(outcomes.filter((outcome) => outcome === 'issued')).toHaveLength(1)
        const winner = rows[outcomes.indexOf('issued')]
        const found = await Promise.all(rows.map((row) => store.findToken(row.key)))
        expect(found.filter((row) => row !== null)).toEqual([winner])
        expect((await store.findToken(parent.key))?.successor).toBe(winner?.key)
      }
    })

    test('is lost, with nothing written, if the parent is not there or revoked', async () => {
      const store = await open()
      const revoked = await issued(store)
      await store.revokeToken(revoked.key, NOW)
      const purged = await issued(store, { accessExpiresAt: NOW, refreshExpiresAt: NOW })
      await store.purge(NOW, 10)
      for (const parent of [revoked, purged]) {
        const row = successorOf(parent, store.nextKey(), { refreshHash: null })
        expect(await store.issue(write({ row }))).toBe('lost')
        expect(await store.findToken(row.key)).toBeNull()
      }
    })

    test('leaves a parent that it neither spends nor extends as it is', async () => {
      const store = await open()
      const parent = await issued(store)
      const rows = [successorOf(parent, store.nextKey()), successorOf(parent, store.nextKey())]
      for (const row of rows) expect(await store.issue(write({ row }))).toBe('issued')
      expect(await store.findToken(parent.key)).toEqual(parent)
    })

    test('extends a row, spent or not', async () => {
      const store = await open()
      const row = await issued(store)
      const ends = { refreshExpiresAt: NOW + 99, accessExpiresAt: NOW + 7200 }
      expect(await store.issue(write({ extend: { key: row.key, ...ends } }))).toBe('issued')
      expect(await store.findToken(row.key)).toEqual({ ...row, ...ends })
      await store.issue(write({ spend: { key: row.key, now: NOW } }))
      const never = { refreshExpiresAt: null, accessExpiresAt: null }
      expect(await store.issue(write({ extend: { key: row.key, ...never } }))).toBe('issued')
      expect(await store.findToken(row.key)).toEqual({
        ...row,
        spentAt: NOW,
        refreshExpiresAt: null,
        accessExpiresAt: NOW + 7200,
      })
    })

    test.each([
      [NOW + 3600, NOW + 10, NOW + 3600],
      [NOW + 3600, null, NOW + 3600],
      [NOW + 10, NOW + 3600, NOW + 3600],
      [null, NOW + 10, null],
      [null, null, null],
    ])(
      'never shortens an access token: one that ends at %s, extended to %s, ends at %s',
      async (end, to, then) => {
        const store = await open()
        const row = await issued(store, { accessExpiresAt: end })
        const extend = { key: row.key, refreshExpiresAt: NOW + 1, accessExpiresAt: to }
        expect(await store.issue(write({ extend }))).toBe('issued')
        const extended = { ...row, refreshExpiresAt: NOW + 1, accessExpiresAt: then }
        expect(await store.findToken(row.key)).toEqual(extended)
      },
    )

    test('lets the latest end of refreshes count that extend one row at once', async () => {
      const store = await open()
      const row = await issued(store)
      const ends = [4000, 9000, 5000, 8000].map((life) => NOW + life)
      await Promise.all(
        ends.map((accessExpiresAt) =>
          store.issue(write({ extend: { key: row.key, refreshExpiresAt: null, accessExpiresAt } })),
        ),
      )
      expect((await store.findToken(row.key))?.accessExpiresAt).toBe(NOW + 9000)
    })

    test('is lost, with nothing written, if the row to extend is not there or revoked', async () => {
      const store = await open()
      const revoked = await issued(store)
      await store.revokeToken(revoked.key, NOW)
      for (const key of [revoked.key, store.nextKey()]) {
        const before = await store.findToken(key)
        const row = tokenRow(store.nextKey())
        const extend = { key, refreshExpiresAt: NOW + 99, accessExpiresAt: NOW + 7 }
        expect(await store.issue(write({ extend, row }))).toBe('lost')
        expect(await store.findToken(row.key)).toBeNull()
        expect(await store.findToken(key)).toEqual(before)
      }
    })

    test('takes back what it spent if it can not extend, and nothing of its neighbours', async () => {
      const store = await open()
      const parent = await issued(store)
      const before = tokenRow(store.nextKey())
      const lost = tokenRow(store.nextKey())
      const after = tokenRow(store.nextKey())
      const outcomes = await Promise.all([
        store.issue(write({ row: before })),
        store.issue(
          write({
            spend: { key: parent.key, now: NOW },
            extend: { key: store.nextKey(), refreshExpiresAt: NOW, accessExpiresAt: NOW + 7 },
            row: lost,
          }),
        ),
        store.issue(write({ row: after })),
      ])
      expect(outcomes).toEqual(['issued', 'lost', 'issued'])
      expect(await store.findToken(parent.key)).toEqual(parent)
      expect(await inParallel(3, (index) => store.findToken([before, lost, after][index]!.key))).toEqual([
        before,
        null,
        after,
      ])
    })

    test('does not overwrite a row: with a key that is taken nothing is written', async () => {
      const store = await open()
      const taken = await issued(store)
      const parent = await issued(store)
      const attempt = store.issue(
        write({ spend: { key: parent.key, now: NOW }, row: tokenRow(taken.key, { userId: 'u-2' }) }),
      )
      await expect(attempt).rejects.toThrow(StoreUnavailable)
      expect(await store.findToken(taken.key)).toEqual(taken)
      expect(await store.findToken(parent.key)).toEqual(parent)
    })

    test('replaces the password hash if it still is the one that was read', async () => {
      const store = await open()
      const user = userRow({ passwordHash: 'weak' })
      const stranger = userRow({ tenant: 'other', passwordHash: 'weak' })
      await store.insertUser(user)
      await store.insertUser(stranger)
      const rehash = { tenant: 'acme', userId: user.id, from: 'weak', to: 'strong' }
      expect(await store.issue(write({ rehash }))).toBe('issued')
      const stronger = { ...user, passwordHash: 'strong', version: user.version + 1 }
      expect(await store.findUser('acme', user.id)).toEqual(stronger)
      expect(await store.findUser('other', user.id)).toEqual(stranger)

      const row = tokenRow(store.nextKey())
      expect(await store.issue(write({ rehash: { ...rehash, to: 'late' }, row }))).toBe('issued')
      expect(await store.findUser('acme', user.id)).toEqual(stronger)
      expect(await store.findToken(row.key)).toEqual(row)
    })
  })

  describe('markSeen', () => {
    test('notes both times, each once', async () => {
      const store = await open()
      const parent = await issued(store)
      const row = await issued(store, { family: parent.key, parent: parent.key })
      await store.markSeen(row.key, parent.key, NOW + 1)
      await store.markSeen(row.key, parent.key, NOW + 2)
      expect(await store.findToken(row.key)).toEqual({ ...row, seenAt: NOW + 1 })
      expect(await store.findToken(parent.key)).toEqual({ ...parent, supersededAt: NOW + 1 })
    })

    test('does each where the other is done or the row is gone', async () => {
      const store = await open()
      const parent = await issued(store)
      const one = await issued(store, { parent: parent.key })
      const other = await issued(store, { parent: parent.key })
      await store.markSeen(one.key, store.nextKey(), NOW + 1)
      await store.markSeen(store.nextKey(), parent.key, NOW + 2)
      await store.markSeen(other.key, parent.key, NOW + 3)
      expect((await store.findToken(one.key))?.seenAt).toBe(NOW + 1)
      expect((await store.findToken(other.key))?.seenAt).toBe(NOW + 3)
      expect((await store.findToken(parent.key))?.supersededAt).toBe(NOW + 2)
    })
  })
}

import { describe, expect, test } from 'vitest'
import type { Refusal } from '../../../src/store/refusals.ts'
import { inParallel, NOW, type Open } from './fixture.ts'

const ID = '018f3c1e-0000-7000-8000-000000000001'
const NOW_MS = NOW * 1000

function refusal(columns: Partial<Refusal> = {}): Refusal {
  return {
    ...{ tenant: 'acme', requestId: ID, atMs: NOW_MS, status: 401, code: 'invalid_client' },
    ...{ reason: 'wrong_client_secret', surface: 'standard', endpoint: 'token' },
    ...{ grant: 'client_credentials', client: 'shop', user: null, source: '192.0.2.1' },
    request: {
      ...{ method: 'POST', path: '/oauth/token', query: [], host: 'acme.example', userAgent: 'curl/8 ü' },
      ...{ contentType: null, contentLength: 5, authorization: 'Basic', headers: ['dpop'] },
      parameters: [{ name: 'scope', value: '… read' }],
    },
    findings: [{ finding: 'secret_expired', secret: 's-1', at: NOW - 5 }],
    ...columns,
  }
}

export function describeRefusals(open: Open): void {
  describe('refusals', () => {
    test('are found as they were given, by tenant and request id', async () => {
      const store = await open()
      const given = [refusal(), refusal({ requestId: ID.replace('1', '2') }), refusal({ tenant: null })]
      await store.addRefusals(given, [])
      const [found, ...others] = await store.findRefusals({ id: 'acme' }, ID, 10)
      expect(others).toEqual([])
      expect(found).toEqual({ ...given[0], key: expect.any(Number) })
      expect(await store.findRefusals({ id: null }, ID, 10)).toMatchObject([{ tenant: null }])
      expect(await store.findRefusals('any', ID, 10)).toHaveLength(2)
      expect(await store.findRefusals({ id: 'other' }, ID, 10)).toEqual([])
      expect(await store.findRefusals('any', 'nobody', 10)).toEqual([])
    })

    test('with the same request id overwrite nothing: the latest comes first', async () => {
      const store = await open()
      for (const status of [400, 401, 403]) await store.addRefusals([refusal({ status })], [])
      const found = await store.findRefusals({ id: 'acme' }, ID, 2)
      expect(found.map(({ status }) => status)).toEqual([403, 401])
    })

    test('of many nodes at once are all kept, in batches of any size', async () => {
      const store = await open()
      await inParallel(8, async (node) => {
        const rows = Array.from({ length: 61 }, (_, index) => refusal({ client: `${node}/${index}` }))
        await store.addRefusals(rows, [{ tenant: 'acme', atMs: NOW_MS, count: 2 }])
      })
      const found = await store.findRefusals('any', ID, 1000)
      expect(new Set(found.map(({ client }) => client)).size).toBe(488)
      expect(await store.listRefusalsLeftOut({ id: 'acme' }, 10)).toEqual([
        { tenant: 'acme', atMs: NOW_MS, count: 16 },
      ])
    })

    test('are listed in pages, newest first, each tenant alone', async () => {
      const store = await open()
      for (let index = 0; index < 7; index++) {
        await store.addRefusals([refusal({ status: 400 + index }), refusal({ tenant: null })], [])
      }
      const first = await store.listRefusals({ id: 'acme' }, null, 3)
      expect(first.rows.map(({ status }) => status)).toEqual([406, 405, 404])
      const second = await store.listRefusals({ id: 'acme' }, first.next, 4)
      expect([second.rows.map(({ status }) => status), second.next]).toEqual([[403, 402, 401, 400], null])
      expect((await store.listRefusals({ id: null }, null, 100)).rows).toHaveLength(7)
      expect((await store.listRefusals('any', null, 100)).rows).toHaveLength(14)
    })

    test('that were left out are counted by tenant and minute, newest first', async () => {
      const store = await open()
      await store.addRefusals(
        [],
        [
          { tenant: 'acme', atMs: NOW_MS, count: 1 },
          { tenant: null, atMs: NOW_MS, count: 2 },
          { tenant: 'acme', atMs: NOW_MS + 60_000, count: 4 },
        ],
      )
      expect((await store.listRefusalsLeftOut({ id: 'acme' }, 10)).map(({ count }) => count)).toEqual([4, 1])
      expect((await store.listRefusalsLeftOut({ id: null }, 10)).map(({ count }) => count)).toEqual([2])
      expect(await store.listRefusalsLeftOut('any', 2)).toHaveLength(2)
    })

    test('that are too old are purged, a few at a time', async () => {
      let nowMs = NOW_MS
      const store = await open(() => nowMs)
      const add = async (count: number) => {
        const rows = Array.from({ length: count }, () => refusal({ atMs: nowMs }))
        await store.addRefusals(rows, [{ tenant: 'acme', atMs: nowMs, count }])
      }
      await add(5)
      nowMs += 60_000
      await add(3)
      expect(await store.purgeRefusals(NOW_MS, 100, 100)).toBe(0)
      expect(await store.purgeRefusals(nowMs, 100, 4)).toBe(4)
      expect(await store.purgeRefusals(nowMs, 100, 4)).toBe(2)
      expect(await store.findRefusals('any', ID, 100)).toHaveLength(3)
      expect(await store.listRefusalsLeftOut('any', 10)).toMatchObject([{ count: 3 }])
    })

    test('of a tenant that has too many are purged, the oldest first, and no other tenant suffers', async () => {
      const store = await open()
      for (let index = 0; index < 10; index++) {
        await store.addRefusals([refusal({ status: 400 + index }), refusal({ tenant: null })], [])
      }
      await store.addRefusals([refusal({ tenant: 'other' })], [])
      expect(await store.purgeRefusals(0, 10, 100)).toBe(0)
      expect(await store.purgeRefusals(0, 7, 2)).toBe(2)
      expect(await store.purgeRefusals(0, 7, 100)).toBe(4)
      const kept = await store.listRefusals({ id: 'acme' }, null, 100)
      expect(kept.rows.map(({ status }) => status)).toEqual([409, 408, 407, 406, 405, 404, 403])
      expect((await store.listRefusals({ id: null }, null, 100)).rows).toHaveLength(7)
      expect((await store.listRefusals({ id: 'other' }, null, 100)).rows).toHaveLength(1)
    })
  })
}

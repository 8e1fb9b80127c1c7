import { describe, expect, test } from 'vitest'
import type { Store } from '../../../src/store/store.ts'
import type { Usage, UsageFact, UsageHour, UsageKey, UsageQuery } from '../../../src/store/usage.ts'
import { inParallel, NOW, type Open } from './fixture.ts'

const HOUR = 3600
const DAY = 86_400
const KEY: UsageKey = { surface: 'newstore', use: 'password', user: 'u-1', client: null }

function usageHour(columns: Partial<UsageHour> = {}): UsageHour {
  return { hour: NOW, succeeded: 1, failed: 0, firstAt: NOW, lastAt: NOW, expiresIn: 3600, ...columns }
}

function usageFact(columns: Partial<UsageFact> = {}): UsageFact {
  return { fact: 'agent', value: 'curl/8', calls: 1, lastAt: NOW, ...columns }
}

function usage(columns: Partial<Usage> = {}): Usage {
  return { tenant: 'acme', ...KEY, hours: [usageHour()], facts: [], ...columns }
}

function usageQuery(columns: Partial<UsageQuery> = {}): UsageQuery {
  return { tenant: 'acme', surface: null, use: null, user: null, client: null, from: 0, ...columns }
}

async function totals(store: Store, columns: Partial<UsageQuery> = {}) {
  return (await store.listUsage(usageQuery(columns), null, 1000)).rows
}

async function factsOf(store: Store, key: UsageKey = KEY, columns: Partial<UsageQuery> = {}) {
  return (await store.listUsageFacts(usageQuery(columns), key, key)).map(
    ({ fact, value, calls, lastAt }) => ({
      fact,
      value,
      calls,
      lastAt,
    }),
  )
}

export function describeUsage(open: Open): void {
  describe('the usage ledger', () => {
    test('is found as it was given, a row a key', async () => {
      const store = await open()
      await store.addUsage([])
      expect(await totals(store)).toEqual([])
      const hours = [
        usageHour({ succeeded: 5, failed: 2, firstAt: NOW + 3, lastAt: NOW + 9 }),
        usageHour({
          hour: NOW + HOUR,
          succeeded: 90,
          firstAt: NOW + HOUR,
          lastAt: NOW + HOUR,
          expiresIn: 600,
        }),
      ]
      const facts = [
        usageFact({ fact: 'source', value: '192.0.2.1', calls: 94, lastAt: NOW + HOUR }),
        usageFact({ fact: 'refusal', value: 'wrong_password', calls: 2, lastAt: NOW + 4 }),
      ]
      await store.addUsage([usage({ hours, facts }), usage({ tenant: 'other' })])
      const expected = { succeeded: 95, failed: 2, firstAt: NOW + 3, lastAt: NOW + HOUR, tokensPerLife: 15 }
      expect(await totals(store)).toEqual([{ ...KEY, ...expected }])
      expect(await factsOf(store)).toEqual(facts)
      expect(await store.listUsageDays(usageQuery(), KEY, KEY)).toEqual([
        { ...KEY, at: NOW / DAY, succeeded: 95, failed: 2 },
      ])
    })

    test('adds up exactly, whatever many nodes add to the same rows at once', async () => {
      const store = await open()
      const keys = Array.from({ length: 120 }, (_, index) => ({ ...KEY, user: `u-${index}` }))
      await inParallel(10, async (node) => {
        const added = keys.map((key) =>
          usage({
            ...key,
            hours: [
              usageHour({
                succeeded: 2,
                failed: 1,
                firstAt: NOW + node,
                lastAt: NOW + node,
                expiresIn: node,
              }),
            ],
            facts: [usageFact({ calls: 2, lastAt: NOW + node })],
          }),
        )
        await store.addUsage(node % 2 === 0 ? added : added.reverse())
      })
      const found = await totals(store)
      expect(found).toHaveLength(120)
      for (const row of found) {
        expect(row).toMatchObject({ succeeded: 20, failed: 10, firstAt: NOW, lastAt: NOW + 9 })
      }
      for (const key of keys)
        expect(await factsOf(store, key)).toEqual([usageFact({ calls: 20, lastAt: NOW + 9 })])
    })

    test('keeps users, clients and nobody apart, and lists them in pages in one order', async () => {
      const store = await open()
      const keys: UsageKey[] = [
        { surface: 'newstore', use: 'password', user: null, client: null },
        { surface: 'newstore', use: 'password', user: 'u', client: null },
        { surface: 'newstore', use: 'password', user: 'u', client: 'shop' },
        { surface: 'newstore', use: 'refresh_token', user: 'u', client: null },
        { surface: 'standard', use: 'client_credentials', user: null, client: 'shop' },
        { surface: 'standard', use: 'client_credentials', user: null, client: 'ä|"' },
      ]
      await store.addUsage(keys.map((key) => usage(key)).reverse())
      const list = (after: UsageKey | null) => store.listUsage(usageQuery(), after, 4)
      const first = await list(null)
      expect(first.rows).toMatchObject(keys.slice(0, 4))
      expect(first.next).toEqual(keys[3])
      const second = await list(first.next)
      expect(second.rows).toMatchObject(keys.slice(4))
      expect(second.next).toBeNull()
    })

    test('is filtered by surface, use, user, client and time', async () => {
      const store = await open()
      const early = usage({
        hours: [usageHour({ hour: NOW - HOUR })],
        facts: [usageFact({ lastAt: NOW - 1 })],
      })
      const shop = usage({ surface: 'standard', use: 'client_credentials', user: null, client: 'shop' })
      await store.addUsage([early, usage(), usage({ user: 'u-2' }), usage({ use: 'info' }), shop])
      const count = async (columns: Partial<UsageQuery>) => (await totals(store, columns)).length
      expect(await count({ surface: 'newstore' })).toBe(3)
      expect(await count({ use: 'password' })).toBe(2)
      expect(await count({ user: 'u-1' })).toBe(2)
      expect(await count({ client: 'shop' })).toBe(1)
      expect(await count({ client: 'shop', user: 'u-1' })).toBe(0)
      expect(await count({ from: NOW + HOUR })).toBe(0)
      expect((await totals(store, { use: 'password', user: 'u-1' }))[0]?.succeeded).toBe(2)
      expect((await totals(store, { use: 'password', user: 'u-1', from: NOW }))[0]?.succeeded).toBe(1)
      expect(await factsOf(store, KEY, { from: NOW })).toEqual([])
      expect(await factsOf(store, KEY, { use: 'info' })).toEqual([])
    })

    test('adds up hours of all together, up to a time', async () => {
      const store = await open()
      const at = (hour: number, succeeded: number) =>
        usageHour({ hour: NOW + hour * HOUR, succeeded, failed: 1 })
      await store.addUsage([
        usage({ hours: [at(0, 1), at(5, 2), at(24, 4), at(29, 8)] }),
        usage({ user: 'u-2', hours: [at(5, 16)] }),
        usage({ use: 'info', hours: [at(23, 32)] }),
        usage({ tenant: 'other' }),
      ])
      const { surface, use } = KEY
      const ofInfo = { surface, use: 'info', at: NOW + 23 * HOUR, succeeded: 32, failed: 1 }
      expect(await store.sumUsage(usageQuery(), NOW + 29 * HOUR)).toEqual([
        ofInfo,
        { surface, use, at: NOW, succeeded: 1, failed: 1 },
        { surface, use, at: NOW + 5 * HOUR, succeeded: 18, failed: 2 },
        { surface, use, at: NOW + DAY, succeeded: 4, failed: 1 },
      ])
      expect(await store.sumUsage(usageQuery({ from: NOW + HOUR, use: 'info' }), NOW + DAY)).toEqual([ofInfo])
      expect(await store.sumUsage(usageQuery({ from: NOW + DAY, use: 'info' }), NOW + 2 * DAY)).toEqual([])
    })

    test('of each key and fact has the last 20 values, and no more', async () => {
      const store = await open()
      const facts = (first: number) =>
        Array.from({ length: 60 }, (_, index) =>
          usageFact({ value: `agent ${first + index}`, lastAt: NOW + first + index }),
        )
      const source = usageFact({ fact: 'source', value: '192.0.2.1' })
      await store.addUsage([
        usage({ facts: [...facts(100), source] }),
        usage({ user: 'u-2', facts: facts(0) }),
      ])
      await store.addUsage([usage({ facts: [...facts(0), source] })])
      const found = await factsOf(store)
      expect(found.map(({ value }) => value)).toEqual([
        ...Array.from({ length: 20 }, (_, index) => `agent ${159 - index}`),
        '192.0.2.1',
      ])
      expect(found.at(-1)?.calls).toBe(2)
      expect(await factsOf(store, { ...KEY, user: 'u-2' })).toHaveLength(20)
    })

    test('loses what is more than is told of, some at a time, of however many keys', async () => {
      const store = await open()
      const facts = Array.from({ length: 60 }, (_, index) =>
        usageFact({ value: `agent ${index}`, lastAt: NOW + index }),
      )
      const users = Array.from({ length: 60 }, (_, index) => `u-${index}`)
      await store.addUsage(users.map((user) => usage({ user, facts })))
      const latest = await Promise.all(users.map((user) => factsOf(store, { ...KEY, user })))
      const gone: number[] = []
      for (let call = 0; call < 4; call++) gone.push(await store.purgeUsage(0, 1000))
      expect(gone).toEqual([1000, 1000, 400, 0])
      expect(await Promise.all(users.map((user) => factsOf(store, { ...KEY, user })))).toEqual(latest)
      expect(latest.map(({ length }) => length)).toEqual(users.map(() => 20))
    })

    test('is deleted when it is old, some at a time', async () => {
      const store = await open()
      const hours = Array.from({ length: 10 }, (_, index) => usageHour({ hour: NOW + index * HOUR }))
      const facts = [usageFact(), usageFact({ value: 'later', lastAt: NOW + 5 * HOUR })]
      await store.addUsage([usage({ hours, facts })])
      expect(await store.purgeUsage(NOW, 100)).toBe(0)
      expect(await store.purgeUsage(NOW + 5 * HOUR, 2)).toBe(2)
      expect(await store.purgeUsage(NOW + 5 * HOUR, 100)).toBe(4)
      expect(await store.purgeUsage(NOW + 5 * HOUR, 100)).toBe(0)
      expect((await totals(store))[0]?.succeeded).toBe(5)
      expect((await factsOf(store)).map(({ value }) => value)).toEqual(['later'])
    })
  })
}

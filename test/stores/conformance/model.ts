import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { StoreConflict } from '../../../src/store/errors.ts'
import type { Store } from '../../../src/store/store.ts'
import { createMemoryStore } from '../../../src/stores/memory.ts'
import { clientRow, NOW, type Open, tokenRow, userRow, write } from './fixture.ts'

type Step = (store: Store, tenant: string, base: number) => Promise<unknown>

const small = fc.integer({ min: 1, max: 4 })
const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: null })
const login = fc.constantFrom('ann', 'bob', 'ann@x.example', 'BOB@x.example')

/** One write each, on few enough rows that they get in each other's way. */
const step: fc.Arbitrary<Step> = fc.oneof(
  fc
    .record({
      key: small,
      parent: maybe(small),
      spend: maybe(small),
      extend: maybe(small),
      end: maybe(fc.constantFrom(NOW, NOW + 7000, NOW + 8000)),
      user: maybe(small),
      refresh: fc.boolean(),
    })
    .map(
      ({ key, parent, spend, extend, end, user, refresh }): Step =>
        (store, tenant, base) =>
          store.issue(
            write({
              row: tokenRow(base + key, {
                tenant,
                parent: parent === null ? null : base + parent,
                family: parent === null ? null : base + 1,
                ...(!refresh && { refreshHash: null }),
              }),
              spend: spend === null ? null : { key: base + spend, now: NOW + key },
              extend:
                extend === null
                  ? null
                  : { key: base + extend, refreshExpiresAt: NOW + key, accessExpiresAt: end },
              rehash: user === null ? null : { tenant, userId: `u-${user}`, from: 'old', to: 'new' },
            }),
          ),
    ),
  small.map(
    (key): Step =>
      (store, _, base) =>
        store.revokeToken(base + key, NOW + key),
  ),
  small.map(
    (key): Step =>
      (store, _, base) =>
        store.revokeFamily(base + key, NOW + 10 + key),
  ),
  fc.tuple(small, small).map(
    ([key, parent]): Step =>
      (store, _, base) =>
        store.markSeen(base + key, base + parent, NOW + key),
  ),
  small.map(
    (id): Step =>
      (store, tenant) =>
        store.denyJwt(tenant, `jti-${id}`, NOW),
  ),
  fc.tuple(small, login, maybe(login)).map(
    ([id, username, email]): Step =>
      (store, tenant) =>
        store.insertUser(userRow({ tenant, id: `u-${id}`, username, email, passwordHash: 'old' })),
  ),
  fc.tuple(small, login, maybe(login), small).map(
    ([id, username, email, version]): Step =>
      (store, tenant) =>
        store.updateUser(userRow({ tenant, id: `u-${id}`, username, email, version, passwordHash: 'old' })),
  ),
  small.map(
    (id): Step =>
      (store, tenant) =>
        store.deleteUser(tenant, `u-${id}`),
  ),
  small.map(
    (id): Step =>
      (store, tenant) =>
        store.insertClient(clientRow({ tenant, id: `c-${id}` })),
  ),
  fc.tuple(small, small).map(
    ([id, version]): Step =>
      (store, tenant) =>
        store.updateClient(clientRow({ tenant, id: `c-${id}`, version, name: 'new' })),
  ),
  small.map(
    (id): Step =>
      (store, tenant) =>
        store.deleteClient(tenant, `c-${id}`),
  ),
)

async function outcomeOf(step: Promise<unknown>): Promise<unknown> {
  return await step.catch((error: Error) => (error instanceof StoreConflict ? error.kind : error.name))
}

/** Does one step after the other. */
async function play(store: Store, steps: readonly Step[], tenant: string, base: number): Promise<unknown[]> {
  const outcomes: unknown[] = []
  for (const run of steps) outcomes.push(await outcomeOf(run(store, tenant, base)))
  return outcomes
}

/** Starts all steps before the first is done, as requests do. */
async function playAtOnce(store: Store, steps: readonly Step[], tenant: string, base: number) {
  return await Promise.all(steps.map((run) => outcomeOf(run(store, tenant, base))))
}

function* ordersOf(count: number): Generator<readonly number[]> {
  if (count === 0) yield []
  for (const order of count === 0 ? [] : ordersOf(count - 1)) {
    for (let at = order.length; at >= 0; at--) yield order.toSpliced(at, 0, count - 1)
  }
}

async function contents(store: Store, tenant: string): Promise<unknown> {
  const logins = ['ann', 'bob', 'ann@x.example', 'bob@x.example']
  return {
    tokens: (await store.listTokens({ tenant, userId: null, clientId: null, before: null, limit: 100 })).rows,
    users: (await store.listUsers(tenant, null, 100)).rows,
    logins: await Promise.all(logins.map((name) => store.findUserByLogin(tenant, name))),
    clients: (await store.listClients(tenant, null, 100)).rows,
    denied: await Promise.all([1, 2, 3, 4].map((id) => store.isJwtDenied(tenant, `jti-${id}`))),
  }
}

export function describeModel(open: Open): void {
  const newModel = () => createMemoryStore({ clock: () => NOW * 1000 })

  describe('any writes', () => {
    test('made one after the other have the outcome they have in memory', async () => {
      const store = await open()
      let run = 0
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
          const model = newModel()
          run += 1
          const tenant = `tenant-${run}`
          const found = await play(store, steps, tenant, run * 1000)
          expect(found).toEqual(await play(model, steps, tenant, run * 1000))
          expect(await contents(store, tenant)).toEqual(await contents(model, tenant))
        }),
        { numRuns: 100 },
      )
    })

    test('made at once have the outcome of some order in which they could be made', async () => {
      const store = await open()
      let run = 0
      const steps = fc.array(step, { maxLength: 12 })
      const atOnce = fc.array(step, { minLength: 2, maxLength: 5 })
      await fc.assert(
        fc.asyncProperty(steps, atOnce, async (before, racing) => {
          run += 1
          const tenant = `tenant-${run}`
          const base = run * 1000
          await play(store, before, tenant, base)
          const found = [await playAtOnce(store, racing, tenant, base), await contents(store, tenant)]
          const possible: unknown[] = []
          for (const order of ordersOf(racing.length)) {
            const model = newModel()
            await play(model, before, tenant, base)
            const outcomes = await play(
              model,
              order.map((at) => racing[at] as Step),
              tenant,
              base,
            )
            possible.push([racing.map((_, at) => outcomes[order.indexOf(at)]), await contents(model, tenant)])
            if (isDeepStrictEqual(found, possible.at(-1))) return
          }
          expect(possible).toContainEqual(found)
        }),
        { numRuns: 200 },
      )
    })
  })
}

/**
 * Refresh token families under every policy, against a model: T020, T022, T024, T025, T026, T029, T054, T061. `FUZZ_RUNS` and
 * `FUZZ_SEED` as in requests.test.ts.
 */
import fc from 'fast-check'
import { onTestFinished, test } from 'vitest'
import { REFRESH_POLICIES } from '../../src/protocol/policy.ts'
import type { Store } from '../../src/store/store.ts'
import { createMemoryStore } from '../../src/stores/memory.ts'
import { openSqliteStore } from '../../src/stores/sqlite/database.ts'
import { auditDigest } from '../stores/conformance/fixture.ts'
import { newPath } from '../stores/sqlite-file.ts'
import { type Place, play, type Setup, type Step } from './refresh-run.ts'

const RUNS = Number(process.env.FUZZ_RUNS ?? 400)
const SEED = Number(process.env.FUZZ_SEED ?? 20260101)

const setup: fc.Arbitrary<Setup> = fc.record({
  refresh: fc.constantFrom(...REFRESH_POLICIES),
  reuseWindow: fc.constantFrom(0, 10, 60),
  holder: fc.constantFrom('jwt client', 'opaque client', 'spree', 'spree client'),
})

const token = fc.integer({ min: -3, max: 20 })
const kind = fc.constantFrom('access' as const, 'refresh' as const)
const by = fc.constantFrom('its client', 'its client', 'another client', 'nobody')

/** Around the windows and the lives of tokens. */
const SECONDS = [0, 1, 5, 9, 10, 11, 30, 59, 60, 61, 599, 600, 1999, 2000, 3000]

const advance = (...choice: readonly number[]) =>
  fc.constantFrom(...choice).map((seconds): Step => ({ do: 'advance', seconds }))

const anyStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 2, arbitrary: fc.constant<Step>({ do: 'login' }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('refresh' as const), token, by }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('refresh at once' as const),
      token,
      times: fc.integer({ min: 2, max: 5 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constantFrom('introspect' as const, 'info' as const), token, kind }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('revoke' as const), token, kind, by }) },
  { weight: 4, arbitrary: advance(...SECONDS) },
  { weight: 1, arbitrary: fc.boolean().map((disabled): Step => ({ do: 'disable', disabled })) },
  {
    weight: 1,
    arbitrary: fc.constantFrom<Step>({ do: 'purge' }, { do: 'restart' }, { do: 'change password' }),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom<Step>(
      { do: 'revoke all' },
      { do: 'rotate secret' },
      ...[0, 1, 10, 600].map((secondsAgo): Step => ({ do: 'revoke before', secondsAgo })),
    ),
  },
)

const refreshLast: Step = { do: 'refresh', token: -1, by: 'its client' }
const replayLast: Step = { do: 'refresh', token: -2, by: 'its client' }
const seeLast: Step = { do: 'introspect', token: -1, kind: 'access' }
const nothing: Step = { do: 'advance', seconds: 0 }

/** What chance alone hardly ever does. */
const episode: fc.Arbitrary<readonly Step[]> = fc.oneof(
  fc.tuple(
    fc.constant(refreshLast),
    fc.constantFrom(nothing, { do: 'advance', seconds: 600 } as const),
    fc.constantFrom(nothing, seeLast, refreshLast),
    advance(0, 9, 10, 11, 59, 60, 61),
    fc.constantFrom(replayLast, { do: 'refresh at once', token: -2, times: 3 } as const),
  ),
  fc
    .array(fc.tuple(fc.constant(refreshLast), advance(1500, 1999)), { minLength: 3, maxLength: 4 })
    .map((each) => each.flat()),
)

const steps = fc
  .array(fc.oneof({ weight: 5, arbitrary: fc.tuple(anyStep) }, { weight: 1, arbitrary: episode }), {
    minLength: 5,
    maxLength: 30,
    size: 'max',
  })
  .map((parts) => parts.flat())
const begun = steps.map((rest): Step[] => [{ do: 'login' }, ...rest])

test('on the memory store', async () => {
  let run = 0
  await fc.assert(
    fc.asyncProperty(setup, begun, async (chosen, played) => {
      const store = createMemoryStore({ clock: () => 1_767_225_600_000 })
      await play(chosen, played, { store, restart: async () => {} }, run++)
    }),
    { numRuns: RUNS, seed: SEED },
  )
})

test('on the SQLite store, which is closed and opened now and then', async () => {
  const place = await sqlitePlace()
  let run = 0
  await fc.assert(
    fc.asyncProperty(setup, begun, (chosen, played) => play(chosen, played, place, run++)),
    { numRuns: Math.ceil(RUNS / 10), seed: SEED },
  )
}, 180_000)

async function sqlitePlace(): Promise<Place> {
  const path = newPath()
  async function open(): Promise<Store> {
    const store = await openSqliteStore({ path, clock: () => 1_767_225_600_000 })
    store.startAudit({ digest: auditDigest })
    return store
  }
  let current = await open()
  onTestFinished(() => current.close())
  const store = new Proxy({} as Store, { get: (_, name) => current[name as keyof Store] })
  return {
    store,
    async restart() {
      await current.close()
      current = await open()
    },
  }
}

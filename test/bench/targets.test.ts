import { expect, test } from 'vitest'
import type { Figures, LimitSample, Sample } from '../../bench/figures.ts'
import { reportOf } from '../../bench/report.ts'
import { renderResults } from '../../bench/results.ts'
import { CEILING, POSTGRES, SQLITE } from '../../bench/setups.ts'
import { isMet, type Reached, reachedTargets } from '../../bench/targets.ts'

const OPAQUE = 'standard client_credentials, opaque'
const RS256 = 'standard client_credentials, JWT RS256'

/** 10 µs and 80,000 a second. */
const BARE = { perCpuSecond: 100_000, perSecond: 80_000 }

function sample(rest: Partial<Sample>, figures: Partial<Figures>): Sample {
  return {
    round: 1,
    setup: SQLITE,
    request: OPAQUE,
    bare: BARE,
    ...rest,
    figures: {
      perSecond: 1000,
      cpuMicroseconds: 100,
      databaseCpuMicroseconds: null,
      p50: 1,
      p99: 2,
      p999: 3,
      rssMegabytes: 100,
      ...figures,
    },
  }
}

function reached(
  operation: string,
  samples: readonly Sample[],
  limits: readonly LimitSample[] = [],
): Reached {
  const found = reachedTargets(samples, limits).find((each) => each.operation === operation)
  if (found === undefined) throw new Error(`no target ${operation}`)
  return found
}

test('a ratio is to the bare server of the same turn, and its median counts', () => {
  const slow = { perCpuSecond: 50_000, perSecond: 40_000 }
  const result = reached('client credentials, opaque', [
    sample({ round: 1 }, { perSecond: 40_000, cpuMicroseconds: 20 }),
    sample({ round: 2, bare: slow }, { perSecond: 24_000, cpuMicroseconds: 25 }),
    sample({ round: 3 }, { perSecond: 56_000, cpuMicroseconds: 12.5 }),
  ])
  expect(result.perCpuSecond).toEqual({ median: expect.closeTo(0.8), min: 0.5, max: expect.closeTo(0.8) })
  expect(result.perSecond).toEqual({ median: 0.6, min: 0.5, max: expect.closeTo(0.7) })
  expect(isMet(result, result.perSecond)).toBe(true)
  expect(isMet({ ...result, target: 0.61 }, result.perSecond)).toBe(false)
})

test('the time of a signature is added to that of the bare server', () => {
  const limits = [
    { round: 2, limit: 'signatures, RS256', perSecond: 1, perCpuSecond: 1 },
    { round: 1, limit: 'signatures, RS256', perSecond: 20_000, perCpuSecond: 25_000 },
  ]
  const samples = [sample({ request: RS256 }, { perSecond: 8000, cpuMicroseconds: 100 })]
  const result = reached('client credentials, JWT RS256', samples, limits)
  // 10 µs and 40 µs; 12.5 µs and 50 µs.
  expect(result.perCpuSecond?.median).toBeCloseTo(0.5)
  expect(result.perSecond?.median).toBeCloseTo(0.5)
  expect(reached('client credentials, JWT RS256', samples).perSecond).toBeNull()
})

test('of PostgreSQL the CPU time of the database is told apart', () => {
  const samples = [sample({ setup: POSTGRES }, { cpuMicroseconds: 20, databaseCpuMicroseconds: 30 })]
  const ratioOf = (which: string) =>
    reached(`client credentials, opaque, PostgreSQL (${which})`, samples).perCpuSecond?.median
  expect(ratioOf('CPU of the server alone')).toBeCloseTo(0.5)
  expect(ratioOf('with the CPU of the database')).toBeCloseTo(0.2)
})

test('next to a peer less CPU time is better', () => {
  const peer = sample(
    { setup: 'oidc-provider', request: 'client_credentials, opaque' },
    { cpuMicroseconds: 90 },
  )
  const own = sample({}, { cpuMicroseconds: 30 })
  const result = reached('CPU a request: client credentials, opaque', [own, peer])
  expect(result.perCpuSecond?.median).toBeCloseTo(1 / 3)
  expect(isMet(result, result.perCpuSecond)).toBe(true)
  expect(isMet(result, { median: 0.6, min: 0.6, max: 0.6 })).toBe(false)
  expect(result.perSecond).toBeNull()
})

test('the page says which target is met, which is not, and which was not measured', () => {
  const report = reportOf(
    {
      samples: [
        sample({}, { perSecond: 60_000, cpuMicroseconds: 20 }),
        sample({ setup: CEILING }, { perSecond: 72_000, cpuMicroseconds: 12.5 }),
      ],
      limits: [],
      failures: [],
      startUps: [],
    },
    {
      environment: {
        cpu: 'a CPU',
        cores: 2,
        system: 'Linux',
        node: 'v26',
        sqlite: '3',
        postgres: null,
        tool: 'wrk',
        loadBefore: 0.1,
      },
      how: { rounds: 1, seconds: 1, connections: 32, heldToCores: true },
      changes: [{ change: 'one insert a batch', request: 'opaque', before: 34.7, after: 30.04 }],
    },
  )
  const lines = renderResults(report).split('\n')
  expect(lines).toContain(
    '| client credentials, opaque | at least 0.60 × bare `node:http` | 0.50 | **no** | 0.75 | yes | 0.80, 0.90 |',
  )
  expect(lines).toContain('| refresh, rotate | at least 0.42 × bare `node:http` |  |  |  |  |  |')
  expect(lines).toContain(`| ${OPAQUE} | 60000 | 20.0 | 0.50 | 0.75 | 1.00 | 2.00 | 3.00 | 100 |`)
  expect(lines).toContain('| one insert a batch | opaque | 34.7 | 30.0 |')
})

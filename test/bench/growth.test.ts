import { describe, expect, it } from 'vitest'
import { plotGrowth } from '../../bench/growth/plot.ts'
import { type Growth, renderGrowth } from '../../bench/growth/report.ts'
import { contentsOf, makeFill } from '../../bench/growth/rows.ts'
import { sha256 } from '../../src/crypto/digest.ts'
import { tokenKeyOf } from '../../src/crypto/opaque-token.ts'
import type { TokenRow } from '../../src/store/rows.ts'

const NOW = 1_780_000_000

describe('the rows that a database is filled with', () => {
  const fill = makeFill(contentsOf(1000), NOW)
  const rows = [...fill.rows]
  const rowOf = (token: string) => rows.find(({ key }) => key === tokenKeyOf(token))

  it('are in the order of their keys, and as many live as was said', () => {
    const keys = rows.map(({ key }) => key)
    expect(keys).toEqual([...new Set(keys)].sort((one, other) => one - other))
    expect(rows.filter(({ spentAt }) => spentAt === null)).toHaveLength(1000)
    expect(rows).toHaveLength(1250)
  })

  it('are those of the tokens that are sent, which live', () => {
    expect([fill.access.length, fill.refresh.length, fill.refreshInOrder.length]).toEqual([500, 250, 250])
    for (const token of fill.access) {
      const { accessHash = null, accessExpiresAt = null } = rowOf(token) ?? {}
      expect([accessHash, Number(accessExpiresAt) > NOW]).toEqual([sha256(token), true])
    }
    for (const token of [...fill.refresh, ...fill.refreshInOrder]) {
      const { refreshHash = null, refreshExpiresAt = null, spentAt } = rowOf(token) ?? {}
      expect([refreshHash, spentAt, Number(refreshExpiresAt) > NOW]).toEqual([sha256(token), null, true])
    }
  })

  it('of which some were issued right after one another', () => {
    const keys = fill.refreshInOrder.map(tokenKeyOf)
    const isLive = ({ userId, spentAt }: TokenRow) => userId !== null && spentAt === null
    const since = rows.slice(rows.findIndex(({ key }) => key === keys[0]))
    expect(keys).toEqual(since.filter(isLive).map(({ key }) => key))
  })

  it('of a successor come with those of its parent, which was spent for it', () => {
    const successors = rows.filter(({ parent }) => parent !== null)
    expect(successors).toHaveLength(250)
    for (const { key, parent } of successors) {
      expect(rows.find((row) => row.key === parent)).toMatchObject({ successor: key })
    }
  })
})

describe('what was measured', () => {
  const one = (value: number) => ({ median: value, min: value, max: value })
  const operation = (cpu: number) => ({
    cpuMicroseconds: one(cpu),
    databaseCpuMicroseconds: null,
    perSecond: one(1e6 / cpu),
    p99: one(1),
  })
  const sizeOf = (live: number, cpu: number) => ({
    ...{ live, rows: live, bytes: 200 * live, rssMegabytes: one(200) },
    operations: {
      ...{ issue: operation(30), refresh: operation(cpu), introspect: operation(20) },
      'refresh-in-order': operation(40),
    },
  })
  const growth: Growth = {
    ...{ database: 'sqlite', rounds: 3, seconds: 3, connections: 32 },
    environment: {
      ...{ cpu: 'a core', cores: 2, system: 'Linux', node: 'v26', sqlite: '3.53', postgres: null },
      ...{ tool: 'wrk', loadBefore: 0 },
    },
    sizes: [sizeOf(10_000, 40), sizeOf(10_000_000, 80)],
  }

  it('is compared with the fewest tokens', () => {
    const page = renderGrowth([growth])
    expect(page).toContain('| 10,000,000 | refresh | 80.0 (80.0–80.0) | 2.00 | 12500 |')
    expect(page).toContain('| 10,000,000 | issue | 30.0 (30.0–30.0) | 1.00 |')
  })

  it('is drawn to scale', () => {
    const picture = plotGrowth([growth])
    const [, from, to] = /class="line refresh" d="M60 ([\d.]+)L350 ([\d.]+)"/.exec(picture) ?? []
    // From the half to the top: the axis ends at 2.
    expect([from, to]).toEqual(['140', '40'])
    expect(picture).toContain('prefers-color-scheme: dark')
  })
})

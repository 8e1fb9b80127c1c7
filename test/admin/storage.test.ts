import { describe, expect, it } from 'vitest'
import { reportOf } from '../../src/admin/operations/storage.ts'
import type { SampledToken, StoreSize } from '../../src/store/size.ts'

const DAY = 86_400
const NOW = 20_000 * DAY + DAY / 2
const NEVER = Number.MAX_SAFE_INTEGER

function sizeOf(rows: readonly SampledToken[], rest: Partial<StoreSize> = {}): StoreSize {
  return { bytes: 1_000_000, freeBytes: 0, tables: new Map(), tokens: { isAll: true, rows }, ...rest }
}

function row(writtenAt: number, deadAt: number, weight = 1): SampledToken {
  return { writtenAt, deadAt, weight }
}

/** So many rows a day of the last days, each of a life, without those that were deleted. */
function steadily(perDay: number, life: number, days: number): SampledToken[] {
  const step = DAY / perDay
  const rows = Array.from({ length: perDay * days }, (_, index) =>
    row(NOW - index * step, NOW - index * step + life),
  )
  return rows.filter(({ deadAt }) => deadAt + DAY > NOW)
}

describe('the storage report', () => {
  it('of an empty database says nothing, and foretells nothing', () => {
    const { tokens, forecast } = reportOf(sizeOf([]), NOW)
    expect(tokens).toMatchObject({ rows: 0, live: 0, dead: 0, overdue: 0, writtenInDay: 0, isExact: true })
    expect(forecast).toEqual({ at: NOW + 30 * DAY, rows: 0, bytes: 1_000_000 })
  })

  it('counts live and dead rows, those that die soon, and those that each day has left', () => {
    const { tokens } = reportOf(
      sizeOf([
        row(NOW - 10, NOW + 1, 2),
        row(NOW - DAY + 1, NOW + DAY, 3),
        row(NOW - DAY, NOW + 7 * DAY),
        row(NOW - 3 * DAY, NEVER),
        row(NOW - 3 * DAY, NOW),
      ]),
      NOW,
    )
    expect(tokens).toMatchObject({
      rows: 8,
      live: 7,
      dead: 1,
      dyingInDay: 5,
      dyingInWeek: 6,
      writtenInDay: 5,
    })
    expect(tokens.days.slice(0, 5).map(({ rows }) => rows)).toEqual([2, 4, 0, 2, 0])
    expect(tokens.days[0]?.day).toBe(20_000 * DAY)
  })

  it('says which dead rows should be gone: not those of the last day and hour', () => {
    const rows = [NOW - DAY - 3600, NOW - DAY - 3601, NOW].map((deadAt) => row(NOW - 5 * DAY, deadAt))
    expect(reportOf(sizeOf(rows), NOW).tokens.overdue).toBe(1)
    // A store that leaves them for a day is not late before that is over.
    expect(reportOf(sizeOf(rows), NOW, 86_400).tokens.overdue).toBe(0)
    expect(reportOf(sizeOf(rows), NOW + 86_400, 86_400).tokens.overdue).toBe(1)
  })

  it.each([
    ['that live for two hours', 7200, 1.083],
    ['that live for a week', 7 * DAY, 8],
    ['that live for 60 days, of which 30 have passed', 60 * DAY, 60],
  ])('foretells as many rows as there are days of them, of tokens %s', (_what, life, days) => {
    const sample = steadily(240, life, 30)
    const { forecast } = reportOf(sizeOf(sample), NOW)
    expect(Math.abs(forecast.rows / (240 * days) - 1)).toBeLessThan(0.02)
  })

  it('foretells that rows which never die heap up', () => {
    const sample = Array.from({ length: 100 }, (_, index) => row(NOW - index * 864, NEVER))
    expect(reportOf(sizeOf(sample), NOW).forecast.rows).toBe(100 + 3000)
  })

  it('foretells bytes by what rows take now, and never fewer than there are', () => {
    const growing = Array.from({ length: 1000 }, (_, index) => row(NOW - index * 86, NEVER))
    const { forecast } = reportOf(sizeOf(growing, { bytes: 300_000, freeBytes: 100_000 }), NOW)
    expect(Math.abs(Number(forecast.bytes) / (31_000 * 200) - 1)).toBeLessThan(0.02)
    const shrinking = Array.from({ length: 1000 }, () => row(NOW - 20 * DAY, NOW - 2 * DAY))
    expect(reportOf(sizeOf(shrinking), NOW).forecast).toMatchObject({ rows: 0, bytes: 1_000_000 })
    expect(reportOf(sizeOf(growing, { bytes: null }), NOW).forecast.bytes).toBeNull()
  })
})

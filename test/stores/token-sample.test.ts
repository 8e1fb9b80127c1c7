import { describe, expect, it } from 'vitest'
import { keysWithin, writtenAtOf } from '../../src/stores/key-sequence.ts'
import { type SampledColumns, sampleTokens } from '../../src/stores/token-sample.ts'

const HOUR = 3600

/** A sorted table of keys, read as a database reads it; counts what it had to read. */
function tableOf(keys: readonly number[]) {
  const table = { keys, rowsRead: 0, reads: 0, read }
  function position(key: number): number {
    let [low, high] = [0, keys.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((keys[middle] ?? 0) < key) low = middle + 1
      else high = middle
    }
    return low
  }
  async function read(from: number, to: number, limit: number): Promise<readonly SampledColumns[]> {
    const start = position(from)
    const found = keys.slice(start, Math.min(position(to), start + limit))
    table.rowsRead += found.length
    table.reads += 1
    return found.map((key) => [key, writtenAtOf(key) + HOUR] as const)
  }
  return table
}

/** Keys of rows at these times, in milliseconds since the first. */
function keysAt(times: readonly number[]): number[] {
  const start = keysWithin(180_000_000_000)
  return times.map((time) => start + Math.floor(keysWithin(time))).toSorted((one, other) => one - other)
}

async function estimate(keys: readonly number[]) {
  const table = tableOf(keys)
  const sample = await sampleTokens(keys[0] ?? 0, keys.at(-1) ?? 0, table.read)
  return { ...sample, table, total: sample.rows.reduce((sum, { weight }) => sum + weight, 0) }
}

const DAY_MS = 86_400_000
const steadily = (count: number, overMs: number) =>
  Array.from({ length: count }, (_, index) => (index * overMs) / count)

describe('a sample of a table', () => {
  it('is the table itself where it is small', async () => {
    const { isAll, rows, total, table } = await estimate(keysAt(steadily(4095, 400 * DAY_MS)))
    expect([isAll, rows.length, total, table.reads]).toEqual([true, 4095, 4095, 1])
  })

  it.each([
    ['steadily over an hour', steadily(300_000, DAY_MS / 24)],
    ['steadily over ten days', steadily(1_000_000, 10 * DAY_MS)],
    [
      'over a year, and mostly today',
      [...steadily(20_000, 365 * DAY_MS), ...steadily(300_000, DAY_MS).map((time) => 364 * DAY_MS + time)],
    ],
    // What runs every five minutes writes all its rows in a second.
    [
      'in bursts of a second',
      steadily(600_000, 7 * DAY_MS).map((time) => Math.floor(time / 300_000) * 300_000 + (time % 1000)),
    ],
    [
      'by day only',
      steadily(600_000, 8 * DAY_MS).map((time) => Math.floor(time / DAY_MS) * DAY_MS + (time % DAY_MS) / 3),
    ],
  ])('of rows written %s tells how many there are within a tenth', async (_how, times) => {
    const { total, table } = await estimate(keysAt(times))
    expect(Math.abs(total / times.length - 1)).toBeLessThan(0.1)
    expect(table.rowsRead).toBeLessThan(150_000)
  })

  it('costs no more for a hundred times the rows', async () => {
    const few = (await estimate(keysAt(steadily(20_000, 9 * DAY_MS)))).table
    const many = (await estimate(keysAt(steadily(2_000_000, 9 * DAY_MS)))).table
    expect(many.rowsRead).toBeLessThan(4 * few.rowsRead)
  })

  it('tells when rows were written and when they die', async () => {
    const { rows } = await estimate(keysAt(steadily(500_000, 2 * DAY_MS)))
    const first = rows.at(-1)?.writtenAt ?? 0
    for (const { writtenAt, deadAt } of rows) expect(deadAt).toBe(writtenAt + HOUR)
    const firstDay = rows.filter(({ writtenAt }) => writtenAt < first + 86_400)
    const weight = firstDay.reduce((sum, row) => sum + row.weight, 0)
    expect(Math.abs(weight / 250_000 - 1)).toBeLessThan(0.1)
  })
})

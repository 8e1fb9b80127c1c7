import type { EpochSeconds } from '../../protocol/time.ts'

/** Days since 1970-01-01, UTC. */
export type DayNumber = number

export const DAY_SECONDS = 86_400

/** Days a line is laid through: whole weeks, since weekends differ from other days. */
export const TREND_DAYS = 28
const WEEK = 7
const FEWEST_WEEKS = 2

/** An end that is further away is none: two years. */
const FURTHEST_DAYS = 730

/** Where calls are going. Of whole days: today's do not count yet. */
export interface UsageTrend {
  /** Calls that succeeded in the last seven days. */
  readonly lastWeek: number
  /** The same in the seven days before. */
  readonly weekBefore: number
  /**
   * By how many calls each day has more than the one before: a line through the averages of the last four weeks (least
   * squares). Null: it is too early to tell.
   */
  readonly slope: number | null
  /**
   * The begin of the day on which there would be no calls any more if it goes on like that; null: it does not fall, it
   * would take more than two years, or there are none already.
   */
  readonly zeroOn: EpochSeconds | null
}

/** Of calls by day; days without any may be missing. */
export function trendOf(calls: ReadonlyMap<DayNumber, number>, today: DayNumber): UsageTrend {
  const lastWeek = sumOf(daysOf(calls, today - WEEK, today))
  const line = lineThrough(calls, today)
  return {
    lastWeek,
    weekBefore: sumOf(daysOf(calls, today - 2 * WEEK, today - WEEK)),
    slope: line === null ? null : Math.round(line.slope * 1000) / 1000,
    zeroOn: line === null || lastWeek === 0 ? null : zeroOf(line, today),
  }
}

/** Through the averages of whole weeks that end yesterday, from the first on in which there were calls from its begin. */
function lineThrough(calls: ReadonlyMap<DayNumber, number>, today: DayNumber): Line | null {
  const first = Math.min(
    ...[...calls].filter(([day, count]) => day >= today - TREND_DAYS && count > 0).map(([day]) => day),
  )
  const weeks = Math.max(0, Math.floor((today - first) / WEEK))
  if (weeks < FEWEST_WEEKS) return null
  const begin = today - weeks * WEEK
  const averages = Array.from(
    { length: weeks },
    (_, week) => sumOf(daysOf(calls, begin + week * WEEK, begin + (week + 1) * WEEK)) / WEEK,
  )
  const middle = (weeks - 1) / 2
  const height = sumOf(averages) / weeks
  const spread = sumOf(averages.map((_, week) => (week - middle) ** 2))
  const slope = sumOf(averages.map((average, week) => (week - middle) * (average - height))) / spread
  return { slope: slope / WEEK, day: begin + (weeks * WEEK - 1) / 2, height }
}

interface Line {
  /** Calls a day, each day. */
  readonly slope: number
  /** Where it is as high as `height`. */
  readonly day: number
  readonly height: number
}

function zeroOf({ slope, day, height }: Line, today: DayNumber): EpochSeconds | null {
  if (slope >= 0) return null
  // Where calls fall ever more slowly, the line is at zero before they are.
  const zero = Math.max(today, Math.ceil(day - height / slope))
  return zero - today > FURTHEST_DAYS ? null : zero * DAY_SECONDS
}

function daysOf(calls: ReadonlyMap<DayNumber, number>, from: DayNumber, to: DayNumber): readonly number[] {
  return Array.from({ length: Math.max(0, to - from) }, (_, at) => calls.get(from + at) ?? 0)
}

function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0)
}

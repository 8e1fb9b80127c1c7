import type { EpochSeconds } from '../protocol/time.ts'

/** `2026-01-31 23:59:59Z`. */
export function timeText(time: EpochSeconds): string {
  return new Date(time * 1000).toISOString().replace('T', ' ').replace('.000', '')
}

const TIME = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)$/

/** A time as people write it (`2026-01-31T23:59Z`; without a zone it would mean another one elsewhere), or as a number. */
export function timeOfText(text: string): EpochSeconds | null {
  if (/^\d{1,12}$/.test(text)) return Number(text)
  const timeMs = TIME.test(text) ? Date.parse(text.replace(' ', 'T')) : Number.NaN
  return Number.isNaN(timeMs) ? null : Math.ceil(timeMs / 1000)
}

/** As `timeText`; `never` or another word for what has no time. */
export function timeOr(time: EpochSeconds | null, none: string): string {
  return time === null ? none : timeText(time)
}

const UNITS_MS = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const

/** A time as `timeOfText`, or how long ago it was: `90s`, `30m`, `24h`, `7d`. Milliseconds since the epoch. */
export function momentOfText(text: string, nowMs: number): number | null {
  const [, count, unit] = /^(\d{1,6})([smhd])$/.exec(text) ?? []
  if (count !== undefined) return nowMs - Number(count) * UNITS_MS[unit as keyof typeof UNITS_MS]
  const time = timeOfText(text)
  return time === null ? null : time * 1000
}

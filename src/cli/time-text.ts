import type { EpochSeconds } from '../protocol/time.ts'

/** `2026-01-31 23:59:59Z`. */
export function timeText(time: EpochSeconds): string {
  return new Date(time * 1000).toISOString().replace('T', ' ').replace('.000', '')
}

/** As `timeText`; `never` or another word for what has no time. */
export function timeOr(time: EpochSeconds | null, none: string): string {
  return time === null ? none : timeText(time)
}

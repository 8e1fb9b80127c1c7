import type { EpochSeconds } from '../protocol/time.ts'

/** What a finding means: a sentence, what to do about it, and where it is written that it is so. */
export interface Advice {
  readonly says: string
  readonly next?: string
  readonly source?: string
}

/** `2026-01-31 23:59:59Z`. */
export function timeText(time: EpochSeconds): string {
  return new Date(time * 1000).toISOString().replace('T', ' ').replace('.000', '')
}

export function listText(words: readonly string[]): string {
  return words.length === 0 ? 'none' : words.map((word) => `\`${word}\``).join(', ')
}

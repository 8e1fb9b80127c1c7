import type { EpochSeconds } from './time.ts'

/** A span of time; `to` is the first second after it. */
export interface Span {
  readonly from: EpochSeconds
  readonly to: EpochSeconds
}

/** A span in which a surface issues no tokens, so that whoever still asks it for some notices. */
export interface BrownOut extends Span {
  /** Whom it concerns, by their names or ids; absent: everybody. */
  readonly users?: readonly string[]
}

/** When a surface issues no tokens, or no more. */
export interface Ending {
  /** Infinity: not decided. */
  readonly sunset: EpochSeconds
  /** When nobody gets tokens: in the order of time, with a pause between one and the next. */
  readonly spans: readonly Span[]
  /** The brown-outs of some users. */
  readonly ofUsers: readonly BrownOut[]
}

/** Null: there is nothing to look at, whatever the time. */
export function endingOf(sunset: EpochSeconds | null, brownOuts: readonly BrownOut[]): Ending | null {
  if (sunset === null && brownOuts.length === 0) return null
  return {
    sunset: sunset ?? Number.POSITIVE_INFINITY,
    spans: joined(brownOuts.filter(({ users }) => users === undefined)),
    ofUsers: brownOuts.filter(({ users }) => users !== undefined),
  }
}

/** The same time in as few spans as possible: those that overlap or follow each other at once are one. */
export function joined(spans: readonly Span[]): readonly Span[] {
  const result: Span[] = []
  for (const { from, to } of spans.toSorted((one, other) => one.from - other.from)) {
    const last = result.at(-1)
    if (last === undefined || from > last.to) result.push({ from, to })
    else result[result.length - 1] = { from: last.from, to: Math.max(last.to, to) }
  }
  return result
}

/** The end of the span that a time lies in; null: in none. `spans` are those of `joined`. */
export function endOfSpan(spans: readonly Span[], now: EpochSeconds): EpochSeconds | null {
  for (const { from, to } of spans) {
    if (now < from) return null
    if (now < to) return to
  }
  return null
}

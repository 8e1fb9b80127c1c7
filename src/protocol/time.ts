/** Seconds since 1970-01-01T00:00:00Z. */
export type EpochSeconds = number

/** A duration in whole seconds. */
export type Seconds = number

/** The only source of the time. Milliseconds since the epoch, as `Date.now`. */
export type Clock = () => number

export function epochSeconds(clock: Clock): EpochSeconds {
  return Math.floor(clock() / 1000)
}

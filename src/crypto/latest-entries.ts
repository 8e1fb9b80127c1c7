/** A map that holds what was set last, and forgets the rest without looking for it. */
export interface LatestEntries<Value> {
  get(key: string): Value | undefined
  set(key: string, value: Value): void
  /** Forgets what was there already when this was called last. */
  forgetOld(): void
  /** Whether nothing is held. */
  isEmpty(): boolean
}

/** Holds the latest `count` entries at least, and never more than twice as many. */
export function createLatestEntries<Value>(count: number): LatestEntries<Value> {
  // Two generations: what is too much or too old goes with its generation.
  let young = new Map<string, Value>()
  let old = new Map<string, Value>()

  function forgetOld(): void {
    old = young
    young = new Map()
  }

  return {
    get: (key) => young.get(key) ?? old.get(key),
    set(key, value) {
      if (young.size >= count) forgetOld()
      young.set(key, value)
    },
    forgetOld,
    isEmpty: () => young.size === 0 && old.size === 0,
  }
}

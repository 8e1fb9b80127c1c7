/** Entries of one second and one reason that are written: from each origin, and from all. */
const MOST_OF_AN_ORIGIN = 10
const MOST_OF_A_REASON = 100

/** Origins that are told apart in one second though each of them has to be told of. */
const MOST_ORIGINS = 1000

export interface FloodLimitOptions<Entry> {
  /** Entries of other reasons have a limit of their own. */
  readonly reasonOf: (entry: Entry) => string
  /** Where it comes from, or what caused it. */
  readonly originOf: (entry: Entry) => string | null
  /** Whether each other origin is to be told at least once, be it the 101st. Default: none is. */
  readonly isEachOriginTold?: (entry: Entry) => boolean
  readonly write: (entry: Entry) => void
  /** Told after the second: so many more like `first`, of its origin or of all those that had none of theirs written. */
  readonly tell: (first: Entry, suppressed: number, of: 'its origin' | 'others') => void
  /** Calls back once, so many milliseconds later; by default a timer that keeps no process alive. */
  readonly schedule?: ((callback: () => void, delayMs: number) => void) | undefined
}

export interface FloodLimit<Entry> {
  /** Writes an entry, or counts it. */
  take(entry: Entry): void
  /** Tells now what was not written so far; for the end of the process. */
  flush(): void
}

/** What became of the entries of the same reason, or of it and the same origin. */
interface Count<Entry> {
  readonly first: Entry
  written: number
  suppressed: number
}

interface Reason<Entry> extends Count<Entry> {
  /** There is no origin of which nothing was written. */
  readonly origins: Map<string | null, Count<Entry>>
}

/**
 * Of what comes for one reason, the first 10 from each origin and the first 100 of all are written in a second; then it
 * is told how many others there were of each origin, and of all other origins together. What it remembers is bounded
 * by what it has written, and forgotten after the second.
 */
export function createFloodLimit<Entry>(options: FloodLimitOptions<Entry>): FloodLimit<Entry> {
  const { reasonOf, originOf, isEachOriginTold = () => false, write, tell } = options
  const schedule =
    options.schedule ?? ((callback: () => void, delayMs: number) => setTimeout(callback, delayMs).unref())
  const reasons = new Map<string, Reason<Entry>>()

  function flush(): void {
    for (const { first, suppressed, origins } of reasons.values()) {
      for (const own of origins.values()) {
        if (own.suppressed > 0) tell(own.first, own.suppressed, 'its origin')
      }
      if (suppressed > 0) tell(first, suppressed, 'others')
    }
    reasons.clear()
  }

  /** Whether there is room for an origin of which nothing was written yet. */
  function mayBegin({ origins, written }: Reason<Entry>, entry: Entry): boolean {
    return isEachOriginTold(entry) ? origins.size < MOST_ORIGINS : written < MOST_OF_A_REASON
  }

  return {
    flush,
    take(entry) {
      if (reasons.size === 0) schedule(flush, 1000)
      const name = reasonOf(entry)
      let reason = reasons.get(name)
      if (reason === undefined) {
        reason = { first: entry, origins: new Map(), written: 0, suppressed: 0 }
        reasons.set(name, reason)
      }
      const origin = originOf(entry)
      let own = reason.origins.get(origin)
      if (own === undefined && mayBegin(reason, entry)) {
        own = { first: entry, written: 0, suppressed: 0 }
        reason.origins.set(origin, own)
      }
      if (own === undefined) reason.suppressed += 1
      else if (own.written > 0 && (own.written >= MOST_OF_AN_ORIGIN || reason.written >= MOST_OF_A_REASON)) {
        own.suppressed += 1
      } else {
        own.written += 1
        reason.written += 1
        write(entry)
      }
    },
  }
}

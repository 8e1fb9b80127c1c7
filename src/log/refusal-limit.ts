import { sourceOf } from '../protocol/source.ts'
import type { Log, RequestEntry } from './log.ts'

/** Refused requests of one second for one reason whose lines are written: from each source, and from all. */
const LINES_OF_A_SOURCE = 10
const LINES_OF_A_REASON = 100

/** Different causes of the server's own failures that are told apart in one second. */
const CAUSES_OF_A_REASON = 1000

/** Longest text that tells one cause from others, in characters. */
const MAX_CAUSE = 200

/** What became of the lines that would have been written for the same reason, or for it and the same origin. */
interface Count {
  written: number
  suppressed: number
}

interface Refusals extends Count {
  readonly first: RequestEntry
  /** By source; of the server's own failures by cause. There is no origin of which no line was written. */
  readonly origins: Map<string | null, Count & { readonly first: RequestEntry }>
}

export interface RefusalLimitOptions {
  /** Calls back once, so many milliseconds later; by default a timer that keeps no process alive. */
  readonly schedule?: (callback: () => void, delayMs: number) => void
}

/** A log that writes no more than some refusals a second, and tells how many others there were. */
export interface LimitedLog extends Log {
  /** Tells now what was not written so far; for the end of the process. */
  flush(): void
}

/**
 * Who sends requests that are refused must not fill the disk. Of the refusals for one reason the first 10 from each
 * source and the first 100 of all are written in a second; one line for each source, and one for all others, then
 * tells how many were `suppressed`. So it is with the server's own failures, but by what caused them instead of the
 * source: each other cause is told at least once, be it the 101st. Requests that succeed are always written.
 *
 * What it remembers is bounded by what it has written, and forgotten after the second.
 */
export function limitRefusals(log: Log, options: RefusalLimitOptions = {}): LimitedLog {
  const schedule =
    options.schedule ?? ((callback: () => void, delayMs: number) => setTimeout(callback, delayMs).unref())
  const reasons = new Map<string, Refusals>()

  function flush(): void {
    for (const refusals of reasons.values()) {
      for (const { first, suppressed } of refusals.origins.values()) {
        tell(first, suppressed, isFailure(first) ? null : sourceOf(first.source))
      }
      tell(refusals.first, refusals.suppressed, null)
    }
    reasons.clear()
  }

  function tell(entry: RequestEntry, suppressed: number, source: string | null): void {
    if (suppressed === 0) return
    const fields = { outcome: entry.outcome, reason: entry.reason, source, suppressed }
    if (entry.status >= 500) log.error('refusals', entry.cause, fields)
    else log.info('refusals', fields)
  }

  function refuse(entry: RequestEntry): void {
    if (reasons.size === 0) schedule(flush, 1000)
    const reason = entry.reason ?? entry.outcome
    let refusals = reasons.get(reason)
    if (refusals === undefined) {
      refusals = { first: entry, origins: new Map(), written: 0, suppressed: 0 }
      reasons.set(reason, refusals)
    }
    const { origins } = refusals
    const origin = isFailure(entry) ? causeOf(entry.cause) : sourceOf(entry.source)
    let own = origins.get(origin)
    if (own === undefined && mayBegin(refusals, entry)) {
      own = { first: entry, written: 0, suppressed: 0 }
      origins.set(origin, own)
    }
    if (own === undefined) refusals.suppressed += 1
    else if (own.written > 0 && (own.written >= LINES_OF_A_SOURCE || refusals.written >= LINES_OF_A_REASON)) {
      own.suppressed += 1
    } else {
      own.written += 1
      refusals.written += 1
      log.request(entry)
    }
  }

  return {
    ...log,
    request(entry) {
      if (entry.outcome === 'ok') log.request(entry)
      else refuse(entry)
    },
    flush,
  }
}

/** Whether there are lines left for an origin that had none yet. */
function mayBegin({ origins, written }: Refusals, entry: RequestEntry): boolean {
  return isFailure(entry) ? origins.size < CAUSES_OF_A_REASON : written < LINES_OF_A_REASON
}

/** Something went wrong inside: 503 alone is also what a source gets that floods a queue. */
function isFailure({ status, cause }: RequestEntry): boolean {
  return status >= 500 && cause !== undefined
}

/** What tells a cause from others: its own words, and those of what is at the bottom of it. */
function causeOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return typeof thrown
  let root: Error = thrown
  for (let depth = 0; depth < 10 && root.cause instanceof Error; depth++) root = root.cause
  const words = root === thrown ? [thrown] : [thrown, root]
  return words.map(({ name, message }) => `${name}: ${message}`.slice(0, MAX_CAUSE)).join('\n')
}

import { sourceOf } from '../protocol/source.ts'
import { createFloodLimit, type FloodLimitOptions } from './flood-limit.ts'
import type { Log, RequestEntry } from './log.ts'

/** Longest text that tells one cause from others, in characters. */
const MAX_CAUSE = 200

export type RefusalLimitOptions = Pick<FloodLimitOptions<RequestEntry>, 'schedule'>

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
 */
export function limitRefusals(log: Log, { schedule }: RefusalLimitOptions = {}): LimitedLog {
  const limit = createFloodLimit<RequestEntry>({
    reasonOf: ({ reason, outcome }) => reason ?? outcome,
    originOf: (entry) => (isFailure(entry) ? causeOf(entry.cause) : sourceOf(entry.source)),
    isEachOriginTold: isFailure,
    write: log.request,
    tell(first, suppressed, of) {
      const source = of === 'others' || isFailure(first) ? null : sourceOf(first.source)
      const fields = { outcome: first.outcome, reason: first.reason, source, suppressed }
      if (first.status >= 500) log.error('refusals', first.cause, fields)
      else log.info('refusals', fields)
    },
    schedule,
  })
  return {
    ...log,
    request(entry) {
      if (entry.outcome === 'ok') log.request(entry)
      else limit.take(entry)
    },
    flush: limit.flush,
  }
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

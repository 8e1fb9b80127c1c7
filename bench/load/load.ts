/** What makes the load: open-source tools behind one interface. */
import { createAutocannon } from './autocannon.ts'
import { findWrk } from './wrk.ts'

/** One kind of request, sent again and again over each of some kept-alive connections, one at a time on each. */
export interface Load {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  /** `{}` in it stands for a value of `values`. */
  readonly body: string
  /** What requests carry, each one another; those of `carry` are added. One more than there are connections at least. */
  readonly values: readonly string[] | null
  /** The member of an answer that a later request carries. */
  readonly carry: string | null
  /** The member of all answers that is wanted. */
  readonly collect: string | null
  readonly connections: number
  /** A whole number. */
  readonly seconds: number
}

export interface LoadOutcome {
  readonly requests: number
  /** Answers other than 2xx, and requests that were not answered. */
  readonly refused: number
  readonly seconds: number
  /** Milliseconds. */
  readonly p50: number
  readonly p99: number
  readonly p999: number
  /** What `collect` names. */
  readonly collected: readonly string[]
}

export interface LoadTool {
  readonly name: string
  /** Throws if there were not enough values. */
  run(port: number, load: Load): Promise<LoadOutcome>
}

/** wrk, where it is installed: it takes a fifth of autocannon's time, so that it is never what is measured. */
export function findLoadTool(wanted: string | undefined): LoadTool {
  const wrk = wanted === 'autocannon' ? null : findWrk()
  if (wanted === 'wrk' && wrk === null) throw new Error('wrk is not installed')
  return wrk ?? createAutocannon()
}

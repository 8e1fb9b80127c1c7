/** What is measured of a kind of request in one round. */
export interface Figures {
  readonly perSecond: number
  /** CPU time of the server for one request: all threads of all of its processes. */
  readonly cpuMicroseconds: number
  /** The same of the PostgreSQL server; null: there is none, or nobody knows. */
  readonly databaseCpuMicroseconds: number | null
  /** Milliseconds. */
  readonly p50: number
  readonly p99: number
  readonly p999: number
  /** Of all processes of the server, at the end. */
  readonly rssMegabytes: number
}

/** How often something can be done: by one core that is busy with it, and as it went. */
export interface Rate {
  readonly perCpuSecond: number
  readonly perSecond: number
}

export interface Sample {
  readonly round: number
  /** Which server, over which database. */
  readonly setup: string
  readonly request: string
  readonly figures: Figures
  /** Of the bare `node:http` server, measured in the same turn. */
  readonly bare: Rate
}

export interface LimitSample extends Rate {
  readonly round: number
  readonly limit: string
}

export interface Spread {
  readonly median: number
  readonly min: number
  readonly max: number
}

export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((one, other) => one - other)
  return { median: median(sorted), min: sorted[0] ?? Number.NaN, max: sorted.at(-1) ?? Number.NaN }
}

/** The one in the middle; of an even number the mean of the two there. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other)
  const middle = sorted.length / 2
  const [one, other] = [sorted[Math.ceil(middle) - 1], sorted[Math.floor(middle)]]
  return one === undefined || other === undefined ? Number.NaN : (one + other) / 2
}

export function rateOf({ perSecond, cpuMicroseconds }: Figures): Rate {
  return { perSecond, perCpuSecond: 1e6 / cpuMicroseconds }
}

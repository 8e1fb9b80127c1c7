export interface SampleOptions<Value> {
  readonly read: () => Promise<Value>
  /** Milliseconds; need not be the time of day. */
  readonly clock: () => number
  /** How long a value is good enough. */
  readonly maxAgeMs: number
  /** How long somebody waits for a new one. */
  readonly waitMs: number
}

/**
 * A value that costs too much to be read for each question, or may not come at all: read when somebody asks and the
 * last attempt is old, one at a time. Answers the last value there is, after `waitMs` at the latest; null: none yet.
 * Never rejects: what can not be read now stays as it was.
 */
export function createSample<Value>(options: SampleOptions<Value>): () => Promise<Value | null> {
  const { read, clock, maxAgeMs, waitMs } = options
  let value: Value | null = null
  let triedAtMs = Number.NEGATIVE_INFINITY
  let underway: Promise<void> | null = null

  async function refresh(): Promise<void> {
    try {
      value = await read()
    } catch {
      // Whoever reads it for a request tells of the failure.
    }
    triedAtMs = clock()
    underway = null
  }

  return async () => {
    if (underway === null && clock() - triedAtMs >= maxAgeMs) underway = refresh()
    if (underway !== null) await within(waitMs, underway)
    return value
  }
}

/** Resolves when the promise does, or when its time is over. */
async function within(waitMs: number, promise: Promise<void>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const over = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, waitMs)
  })
  await Promise.race([promise, over])
  clearTimeout(timer)
}

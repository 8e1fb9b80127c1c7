/** Whether it makes sense to ask a server now that may be down. Pure: the time comes from its caller. */
export interface CircuitBreaker {
  /**
   * Permission for one request, whose end must be told; null: it is left alone for a while. After that while it is one
   * request that tries, and all others are refused until that has ended.
   */
  enter(): Permit | null
  /** Milliseconds until somebody may try again; 0: now. */
  waitMs(): number
  isOpen(): boolean
}

/** What became of a request. To be told once. */
export interface Permit {
  succeeded(): void
  failed(): void
  /** It says nothing about whether the server is there. */
  abandoned(): void
}

export interface CircuitBreakerOptions {
  /** So many in a row open it. */
  readonly failures: number
  readonly pauseMs: number
  /** Never goes back. */
  readonly steadyMs: () => number
}

export function createCircuitBreaker({ failures, pauseMs, steadyMs }: CircuitBreakerOptions): CircuitBreaker {
  /** In a row. */
  let failed = 0
  /** Null: it is closed. */
  let openedMs: number | null = null
  let isTrying = false
  /** Counts openings and closings: requests from before one say nothing about now. */
  let era = 0

  function open(): void {
    openedMs = steadyMs()
    isTrying = false
    era += 1
  }

  function close(): void {
    openedMs = null
    isTrying = false
    failed = 0
    era += 1
  }

  function permit(): Permit {
    const of = era
    const ifNow = (run: () => void) => () => {
      if (of === era) run()
    }
    return {
      succeeded: ifNow(() => {
        if (openedMs === null) failed = 0
        else close()
      }),
      failed: ifNow(() => {
        failed += 1
        if (openedMs !== null || failed >= failures) open()
      }),
      abandoned: ifNow(() => {
        isTrying = false
      }),
    }
  }

  const waitMs = () => (openedMs === null ? 0 : Math.max(0, openedMs + pauseMs - steadyMs()))

  return {
    enter() {
      if (openedMs !== null) {
        if (isTrying || waitMs() > 0) return null
        isTrying = true
      }
      return permit()
    },
    waitMs,
    isOpen: () => openedMs !== null,
  }
}

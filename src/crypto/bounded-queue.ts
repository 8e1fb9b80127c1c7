import { OAuthError } from '../protocol/errors.ts'

/** Work that is done a few pieces at a time. */
export interface BoundedQueue {
  /** Runs a piece of work when its turn comes; refuses with `temporarily_unavailable` when too many wait. */
  run<T>(work: () => Promise<T>): Promise<T>
  statistics(): QueueStatistics
}

/** Pieces of work that wait now. */
export interface QueueStatistics {
  readonly waiting: number
}

/** Is told what becomes of each piece of work. Must not throw. */
export interface QueueObserver {
  /** Its turn has come, after so many milliseconds. */
  started(waitMs: number): void
  /** Too many waited. */
  refused(): void
}

/** Runs `concurrency` pieces of work at once and lets `queue` more wait, first come first served. */
export function createBoundedQueue(
  concurrency: number,
  queue: number,
  observer?: QueueObserver,
): BoundedQueue {
  const waiting: (() => void)[] = []
  let running = 0

  async function turn(): Promise<void> {
    if (running < concurrency) {
      running++
      observer?.started(0)
    } else if (waiting.length < queue) {
      const cameAt = performance.now()
      await new Promise<void>((resolve) => waiting.push(resolve))
      observer?.started(performance.now() - cameAt)
    } else {
      observer?.refused()
      throw new OAuthError('temporarily_unavailable', 'hash_queue_full', { retryAfter: 1 })
    }
  }

  return {
    async run(work) {
      await turn()
      try {
        return await work()
      } finally {
        // A place is handed on, never freed in between: nobody can overtake the queue.
        const next = waiting.shift()
        if (next === undefined) running--
        else next()
      }
    },
    statistics: () => ({ waiting: waiting.length }),
  }
}

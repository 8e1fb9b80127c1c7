import { OAuthError } from '../protocol/errors.ts'

/** Runs a piece of work when its turn comes; refuses with `temporarily_unavailable` when too many wait. */
export type Run = <T>(work: () => Promise<T>) => Promise<T>

/** Runs `concurrency` pieces of work at once and lets `queue` more wait, first come first served. */
export function createBoundedQueue(concurrency: number, queue: number): Run {
  const waiting: (() => void)[] = []
  let running = 0
  return async (work) => {
    if (running < concurrency) running++
    else if (waiting.length < queue) await new Promise<void>((resolve) => waiting.push(resolve))
    else throw new OAuthError('temporarily_unavailable', 'hash_queue_full', { retryAfter: 1 })
    try {
      return await work()
    } finally {
      // A place is handed on, never freed in between: nobody can overtake the queue.
      const next = waiting.shift()
      if (next === undefined) running--
      else next()
    }
  }
}

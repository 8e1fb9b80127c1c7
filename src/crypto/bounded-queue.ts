import { OAuthError } from '../protocol/errors.ts'
import { createLanes } from './lanes.ts'

/** Work that is done a few pieces at a time. */
export interface BoundedQueue {
  /**
   * Runs a piece of work when its turn comes. Refuses with `temporarily_unavailable` at once if too many wait, or too
   * many of its source, and with `invalid_request` in its turn if by then whoever asked has gone.
   */
  run<T>(work: () => Promise<T>, requester?: Requester): Promise<T>
  statistics(): QueueStatistics
}

/** Whom a piece of work is for. */
export interface Requester {
  /** Whom limits count it for (`sourceOf`); null: nobody who could be told from others, and who is held to no share. */
  source(): string | null
  /** Whether nobody waits for the answer any more, as far as can be told. */
  isGone(): boolean
}

/** Pieces of work that wait now. */
export interface QueueStatistics {
  readonly waiting: number
}

/** Is told what becomes of each piece of work. Must not throw. */
export interface QueueObserver {
  /** Its turn has come, after so many milliseconds. */
  started(waitMs: number): void
  /** Too many waited: in all, or of its source. */
  refused(bound: QueueBound): void
  /** Its turn has come, but whoever asked has gone. */
  abandoned(): void
}

export type QueueBound = 'queue' | 'source'

/** Who asks for what a command or an operator does. */
export const NOBODY: Requester = { source: () => null, isGone: () => false }

/**
 * Runs `concurrency` pieces of work at once and lets `queue` more wait. Sources take turns, each of them first come
 * first served, and no source may have more waiting than places are left: one alone has half of the queue, and of n
 * that ask for more than they get each comes to one part in n + 1. So another one finds a place, and waits for one
 * turn of each of the n at most, however much they ask for.
 */
export function createBoundedQueue(
  concurrency: number,
  queue: number,
  observer?: QueueObserver,
): BoundedQueue {
  const lanes = createLanes<() => void>()
  let running = 0

  function refuse(bound: QueueBound): never {
    observer?.refused(bound)
    throw new OAuthError(
      'temporarily_unavailable',
      bound === 'queue' ? 'hash_queue_full' : 'hash_queue_share',
      { retryAfter: 1 },
    )
  }

  async function turn(requester: Requester): Promise<number> {
    if (running < concurrency) {
      running++
      return 0
    }
    const free = queue - lanes.size()
    if (free <= 0) refuse('queue')
    const source = requester.source()
    if (source !== null && lanes.sizeOf(source) >= free) refuse('source')
    const cameAt = performance.now()
    await new Promise<void>((resolve) => lanes.push(source, resolve))
    return performance.now() - cameAt
  }

  return {
    async run(work, requester = NOBODY) {
      const waitMs = await turn(requester)
      try {
        if (requester.isGone()) {
          observer?.abandoned()
          throw new OAuthError('invalid_request', 'request_aborted')
        }
        observer?.started(waitMs)
        return await work()
      } finally {
        // A place is handed on, never freed in between: nobody can overtake the queue.
        const next = lanes.shift()
        if (next === undefined) running--
        else next()
      }
    },
    statistics: () => ({ waiting: lanes.size() }),
  }
}

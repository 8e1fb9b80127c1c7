import { OAuthError } from '../protocol/errors.ts'
import { createLanes } from './lanes.ts'

/** Work that is done a few pieces at a time. */
export interface BoundedQueue {
  /**
   * Runs a piece of work when its turn comes. Refuses with `temporarily_unavailable` at once if too many wait, or too
   * many of its source, and with `invalid_request` if whoever asked has gone: in its turn, or as soon as its place is
   * wanted by somebody else.
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
  /** It is not done, because whoever asked has gone. */
  abandoned(): void
}

export type QueueBound = 'queue' | 'source'

/** A piece of work whose turn has not come. */
interface Waiting {
  isGone(): boolean
  begin(): void
  giveUp(): void
}

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
  const lanes = createLanes<Waiting>()
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
    const source = requester.source()
    if (boundMetBy(source) !== null) freePlacesOfGone()
    const bound = boundMetBy(source)
    if (bound !== null) refuse(bound)
    const cameAt = performance.now()
    await new Promise<void>((begin, reject) => {
      lanes.push(source, { isGone: () => requester.isGone(), begin, giveUp: () => reject(aborted()) })
    })
    return performance.now() - cameAt
  }

  function aborted(): OAuthError {
    observer?.abandoned()
    return new OAuthError('invalid_request', 'request_aborted')
  }

  function boundMetBy(source: string | null): QueueBound | null {
    const free = queue - lanes.size()
    if (free <= 0) return 'queue'
    return source !== null && lanes.sizeOf(source) >= free ? 'source' : null
  }

  /** Who gives up and asks again must not be refused because of what they no longer wait for. */
  function freePlacesOfGone(): void {
    for (const { giveUp } of lanes.takeOut(({ isGone }) => isGone())) giveUp()
  }

  return {
    async run(work, requester = NOBODY) {
      const waitMs = await turn(requester)
      try {
        if (requester.isGone()) throw aborted()
        observer?.started(waitMs)
        return await work()
      } finally {
        // A place is handed on, never freed in between: nobody can overtake the queue.
        const next = lanes.shift()
        if (next === undefined) running--
        else next.begin()
      }
    },
    statistics: () => ({ waiting: lanes.size() }),
  }
}

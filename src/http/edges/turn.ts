/**
 * One turn of the event loop: the requests that come in it are begun together, at its end. So they share what is done
 * once a turn: a look whether another process has changed the database, a transaction, and the waking of whoever reads
 * at the other end of the sockets, which only the first of many answers that are written right after one another has
 * to do. All of that is a sixth of what a request costs.
 */
export interface Turn {
  /** A request has come. Resolves when all have that come in this turn. */
  begin(): Promise<void>
  /** Null: the requests of the turn have had their answers, as far as they were to be had at once. */
  end(): Promise<void> | null
  /** Calls back when each request of the turn has asked for what it needs; without any, at the end of the turn. */
  afterRequests(act: () => void): void
}

export function createTurn(): Turn {
  let arrived: (() => void)[] = []
  /** What waits until each request has been begun; null: no requests are being begun. */
  let begun: { readonly answers: (() => void)[]; readonly acts: (() => void)[] } | null = null

  function beginAll(): void {
    const requests = arrived
    arrived = []
    begun = { answers: [], acts: [] }
    whenIdle(answerAll)
    for (const begin of requests) begin()
  }

  function answerAll(): void {
    const { answers = [], acts = [] } = begun ?? {}
    begun = null
    for (const answer of answers) answer()
    // The acts may take long: answers that need none go out before. What one throws is nothing to the others.
    whenIdle(() => {
      for (const act of acts) process.nextTick(act)
    })
  }

  return {
    begin() {
      if (arrived.length === 0) setImmediate(beginAll)
      return new Promise((resolve) => arrived.push(resolve))
    },
    end() {
      const waiting = begun?.answers
      return waiting === undefined ? null : new Promise((resolve) => waiting.push(resolve))
    },
    afterRequests(act) {
      // The end of another turn would do, but divide the requests: while some wait for it, others come.
      if (begun === null) setImmediate(act)
      else begun.acts.push(act)
    },
  }
}

/** Calls back when no microtask is left, so that all who run now are as far as they get without input or output. */
function whenIdle(act: () => void): void {
  // A tick that is planned already comes before the microtasks, one that is planned by a microtask after them.
  queueMicrotask(() => process.nextTick(act))
}

/**
 * One turn of the event loop, in which several requests may come. What is written to a socket wakes whoever reads at
 * its other end; of many answers that are written right after one another only the first has to. Where the client, or
 * a proxy, runs on the same machine, that is a fifth of what a request costs.
 */
export interface Turn {
  /** A request has come. */
  begin(): void
  /** Null: the requests of the turn have had theirs, and nothing is to be waited for. */
  end(): Promise<void> | null
}

export function createTurn(): Turn {
  /** Those that wait for its end; null: no request has come since the last one. */
  let waiting: (() => void)[] | null = null

  function close(): void {
    const answers = waiting ?? []
    waiting = null
    for (const answer of answers) answer()
  }

  return {
    begin() {
      if (waiting !== null) return
      waiting = []
      // It comes before what the requests plan themselves, such as a group commit, whose answers are together anyway.
      setImmediate(close)
    },
    end() {
      const answers = waiting
      return answers === null ? null : new Promise((resolve) => answers.push(resolve))
    },
  }
}

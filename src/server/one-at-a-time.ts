/**
 * One run at a time, and none for nothing: of all that ask while it runs, one run follows. For what many events ask
 * for, each of which the next run takes in. `run` must not reject.
 */
export function oneAtATime(run: () => Promise<void>): () => void {
  let isRunning = false
  let isAskedFor = false

  async function start(): Promise<void> {
    isRunning = true
    while (isAskedFor) {
      isAskedFor = false
      await run()
    }
    isRunning = false
  }

  return () => {
    isAskedFor = true
    if (!isRunning) void start()
  }
}

/** The signals that ask a server to stop. */
export type StopSignal = 'SIGTERM' | 'SIGINT'

const STOP_SIGNALS: readonly StopSignal[] = ['SIGTERM', 'SIGINT']

/**
 * A terminal sends Ctrl-C to every process of a group, and launchers such as npm send what they got once more: the
 * same signal again within this time is a copy, not a second wish.
 */
const SAME_WISH_MS = 1_000

export interface StopSignals {
  /** The first signal. */
  readonly first: Promise<StopSignal>
  /** One more, from somebody who has lost patience. */
  readonly second: Promise<StopSignal>
}

/** Listens to the process from now on; without that, the first signal would end it at once. */
export function stopSignals(): StopSignals {
  const first = Promise.withResolvers<StopSignal>()
  const second = Promise.withResolvers<StopSignal>()
  let got: { readonly signal: StopSignal; readonly atMs: number } | null = null
  for (const signal of STOP_SIGNALS) {
    process.on(signal, () => {
      const atMs = performance.now()
      if (got === null) {
        got = { signal, atMs }
        first.resolve(signal)
      } else if (signal !== got.signal || atMs - got.atMs > SAME_WISH_MS) second.resolve(signal)
    })
  }
  return { first: first.promise, second: second.promise }
}

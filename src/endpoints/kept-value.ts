import type { Clock } from '../protocol/time.ts'

/** What was read of the store and is used for a while, for changes by other processes. */
export interface KeptValue<Value> {
  /** As it was read last; where that is too long ago, it is read anew behind the caller. Throws if it was never read. */
  current(): Value
  /**
   * As `current`, but waits for the first reading, and for a new one where nobody has asked for long. Throws only if
   * there is no value yet: where reading fails, the old one is good enough.
   */
  latest(): Value | Promise<Value>
  /** Reads it now, whatever is being read already: for who has just changed it. Throws, and keeps the old value. */
  reload(): Promise<Value>
}

export interface KeptValueOptions<Value> {
  /** Is given what was read last. */
  readonly read: (known: Value | null) => Promise<Value>
  readonly clock: Clock
  /** How long the value is used before it is read anew. */
  readonly maxAgeMs: number
  /** Is told why the value could not be read anew, while the old one stays in use. */
  readonly onFailure: (cause: unknown) => void
}

/** After so many times the age, a value is not used any more while the new one is being read. */
const TOO_OLD = 2

export function keepValue<Value>(options: KeptValueOptions<Value>): KeptValue<Value> {
  const { read, clock, maxAgeMs, onFailure } = options
  let kept: { readonly value: Value; readonly reading: number } | null = null
  let readings = 0
  /** Of the last reading that ended, one way or the other. */
  let triedAtMs = 0
  let underway: Promise<Value> | null = null
  /** The same, if it began when the value was too old. One that merely takes long, nobody waits for. */
  let awaited: Promise<Value> | null = null

  async function reload(): Promise<Value> {
    const reading = ++readings
    try {
      const value = await read(kept?.value ?? null)
      // One that began later may have ended earlier.
      if (kept === null || kept.reading < reading) kept = { value, reading }
      return kept.value
    } finally {
      triedAtMs = clock()
    }
  }

  /** One reading at a time. Rejects only while there is no value. */
  function refresh(): Promise<Value> {
    underway ??= reload()
      .catch((cause: unknown) => {
        if (kept === null) throw cause
        onFailure(cause)
        return kept.value
      })
      .finally(() => {
        underway = null
        awaited = null
      })
    return underway
  }

  function ageMs(): number {
    return Math.abs(clock() - triedAtMs)
  }

  return {
    reload,
    current() {
      if (kept === null) throw new Error('nothing was read yet')
      if (ageMs() >= maxAgeMs) void refresh()
      return kept.value
    },
    latest() {
      if (kept === null) return refresh()
      const age = ageMs()
      if (underway === null && age >= TOO_OLD * maxAgeMs) awaited = refresh()
      if (awaited !== null) return awaited
      if (age >= maxAgeMs) void refresh()
      return kept.value
    },
  }
}

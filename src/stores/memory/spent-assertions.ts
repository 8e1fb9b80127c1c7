import type { EpochSeconds } from '../../protocol/time.ts'
import type { SpentAssertionStore } from '../../store/spent-assertions.ts'

interface MemoryAssertions {
  readonly store: SpentAssertionStore
  /** Forgets up to `limit` that have expired; how many. */
  purge(now: EpochSeconds, limit: number): number
}

export function memorySpentAssertions(): MemoryAssertions {
  const ends = new Map<string, EpochSeconds>()
  return {
    store: {
      async spendAssertion({ tenant, signer, digest, expiresAt }) {
        const key = JSON.stringify([tenant, signer, digest])
        if (ends.has(key)) return false
        ends.set(key, expiresAt)
        return true
      },
    },
    purge(now, limit) {
      const expired = [...ends].filter(([, end]) => end <= now).slice(0, limit)
      for (const [key] of expired) ends.delete(key)
      return expired.length
    },
  }
}

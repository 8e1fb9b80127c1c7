import type { Reason } from '../protocol/errors.ts'

/** Whose request was refused, and why. */
export interface RefusedParty {
  readonly tenant: string | null
  /** As `sourceOf` names it. */
  readonly source: string | null
  readonly reason: Reason
}

/** So many come at once, and then one each so often. */
interface Pace {
  readonly atOnce: number
  readonly everyMs: number
}

/** Of one tenant, source and reason: who repeats the same mistake all day is told of it often enough. */
const OF_ONE: Pace = { atOnce: 20, everyMs: 10_000 }

/** Of one tenant and source, whatever the reasons: there are so many that one source could have all places by them. */
const OF_SOURCE: Pace = { atOnce: 100, everyMs: 1000 }

/** Of a tenant, however many sources there are. */
const OF_TENANT: Pace = { atOnce: 200, everyMs: 500 }

/** So many are told apart at most; with more, those that were not heard of for long enough are forgotten. */
const KNOWN = 10_000

/**
 * Which refusals are kept, so that nobody who is refused all the time, or has it done by many machines, takes the place
 * of all others, or fills the disk. Of each tenant, each source there, and each reason of that, one number is known: when
 * all it was granted will be over at its pace (GCRA).
 */
export interface RefusalShare {
  /** Whether one more is kept. */
  take(party: RefusedParty, nowMs: number): boolean
}

export function createRefusalShare(): RefusalShare {
  const busyUntil = new Map<string, number>()

  function next(key: string, { atOnce, everyMs }: Pace, nowMs: number): number | null {
    const until = Math.max(busyUntil.get(key) ?? 0, nowMs) + everyMs
    return until - nowMs > atOnce * everyMs ? null : until
  }

  function forgetIdle(nowMs: number): void {
    for (const [key, until] of busyUntil) if (until <= nowMs) busyUntil.delete(key)
  }

  return {
    take({ tenant, source, reason }, nowMs) {
      const bounds: readonly (readonly [party: readonly unknown[], pace: Pace])[] = [
        [[tenant], OF_TENANT],
        [[tenant, source], OF_SOURCE],
        [[tenant, source, reason], OF_ONE],
      ]
      const untils: (readonly [key: string, until: number])[] = []
      for (const [party, pace] of bounds) {
        const key = JSON.stringify(party)
        const until = next(key, pace, nowMs)
        if (until === null) return false
        untils.push([key, until])
      }
      if (busyUntil.size >= KNOWN) forgetIdle(nowMs)
      for (const [key, until] of untils) busyUntil.set(key, until)
      return true
    },
  }
}

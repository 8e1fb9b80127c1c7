import type { Clock } from '../../protocol/time.ts'

/** What asks a database for its time, in milliseconds since the epoch. */
export const DATABASE_TIME = '(extract(epoch from clock_timestamp()) * 1000)::bigint'

/**
 * The time of the database's machine, which is the same for all nodes, however wrong their own clocks are. Between
 * two answers of the database it goes on with this process's steady clock, which nobody sets.
 */
export interface DatabaseTime {
  /** Until the database was first asked, the machine's own time. */
  readonly clock: Clock
  /** Takes in that the database said `databaseMs` some time between two readings of `performance.now()`. */
  observe(databaseMs: number, askedAtMs: number, answeredAtMs: number): void
}

export function createDatabaseTime(
  steady: () => number = () => performance.now(),
  own: Clock = Date.now,
): DatabaseTime {
  let aheadOfSteadyMs: number | null = null
  return {
    clock: () => (aheadOfSteadyMs === null ? own() : Math.floor(steady() + aheadOfSteadyMs)),
    observe(databaseMs, askedAtMs, answeredAtMs) {
      // It was asked before it said so, and answered after: nothing within these bounds is better than what is known.
      const [least, most] = [databaseMs - answeredAtMs, databaseMs - askedAtMs]
      aheadOfSteadyMs = Math.min(most, Math.max(least, aheadOfSteadyMs ?? (least + most) / 2))
    },
  }
}

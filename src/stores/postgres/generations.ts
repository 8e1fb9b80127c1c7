import type { GenerationOf, KeptTable } from '../sql/kept-rows.ts'

/** Counts what is heard of changes to rows that are kept, and for how long silence means that there were none. */
export interface Generations {
  readonly of: GenerationOf
  /** Rows of these tables may read otherwise from now on. */
  changed(tables: readonly KeptTable[]): void
  /** All that was confirmed before a reading of the steady clock has been heard of. */
  heard(untilMs: number): void
  /** Nobody listens: whatever may have been changed till somebody does again. */
  lost(): void
}

/** What is kept is never older than this, whatever becomes of the session that listens. */
export const MAX_AGE_MS = 1000

export function createGenerations(steady: () => number = () => performance.now()): Generations {
  const generations = { clients: 0, users: 0 }
  let heardUntilMs = Number.NEGATIVE_INFINITY

  function changed(tables: readonly KeptTable[]): void {
    for (const table of tables) generations[table] += 1
  }

  return {
    of: (table) => (steady() - heardUntilMs > MAX_AGE_MS ? null : generations[table]),
    changed,
    heard(untilMs) {
      heardUntilMs = untilMs
    },
    lost() {
      heardUntilMs = Number.NEGATIVE_INFINITY
      changed(['clients', 'users'])
    },
  }
}

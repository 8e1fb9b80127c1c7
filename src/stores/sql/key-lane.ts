import type { RandomInteger } from '../key-sequence.ts'
import { change, type Operation, select } from './operation.ts'

/**
 * One of the lanes of `../key-sequence.ts`, as it was taken. `taken` counts the takings in steps of `OWNERS`, so that
 * the greater is the later; the rest is random, so that nobody holds another's lane for their own.
 */
export interface KeyLane {
  readonly lane: number
  readonly taken: number
}

const OWNERS = 2 ** 16

/**
 * Takes a lane that nobody has; if all are taken, the one that was taken longest ago, whose process most likely died
 * without giving it back.
 */
export function* takeLane(random: RandomInteger): Operation<KeyLane> {
  for (;;) {
    const [free] = yield* select('select lane, taken from key_lanes order by taken, lane limit 1')
    const [last] = yield* select('select max(taken) from key_lanes')
    const lane = Number(free?.[0])
    const taken = (Math.floor(Number(last?.[0]) / OWNERS) + 1) * OWNERS + random(OWNERS)
    const before = Number(free?.[1])
    const count = yield* change(
      'update key_lanes set taken = ? where lane = ? and taken = ?',
      taken,
      lane,
      before,
    )
    // None: somebody else took it since.
    if (count > 0) return { lane, taken }
  }
}

/** Gives a lane back, unless somebody else has taken it since, even if they have given it back and a third has it. */
export function* leaveLane({ lane, taken }: KeyLane): Operation<void> {
  yield* change('update key_lanes set taken = 0 where lane = ? and taken = ?', lane, taken)
}

/** The highest key that any row has, or had before it was purged: a key is never given twice, whatever the clock says. */
export function* highestKey(): Operation<number> {
  const [present] = yield* select('select coalesce(max(key), 0) from tokens')
  const [purged] = yield* select('select value from facts where name = ?', HIGHEST_PURGED)
  return Math.max(Number(present?.[0]), Number(purged?.[0] ?? 0))
}

const HIGHEST_PURGED = 'highest_purged_key'

/** Notes the key of a row that goes. Keys are written with 16 digits, so that text is compared as numbers are. */
export function* rememberKey(key: number): Operation<void> {
  yield* change(
    `insert into facts (name, value) values (?, ?)
      on conflict (name) do update set value = excluded.value where facts.value < excluded.value`,
    HIGHEST_PURGED,
    String(key).padStart(16, '0'),
  )
}

import { change, type Operation, select } from './operation.ts'

/** One of the lanes of `../key-sequence.ts`, as it was taken: the greater `taken`, the later. */
export interface KeyLane {
  readonly lane: number
  readonly taken: number
}

/**
 * Takes a lane that nobody has; if all are taken, the one that was taken longest ago, whose process most likely died
 * without giving it back.
 */
export function* takeLane(): Operation<KeyLane> {
  const [free] = yield* select('select lane from key_lanes order by taken, lane limit 1')
  const [last] = yield* select('select max(taken) from key_lanes')
  const lane = { lane: Number(free?.[0]), taken: Number(last?.[0]) + 1 }
  yield* change('update key_lanes set taken = ? where lane = ?', lane.taken, lane.lane)
  return lane
}

/** Gives a lane back, unless somebody else has taken it since. */
export function* leaveLane({ lane, taken }: KeyLane): Operation<void> {
  yield* change('update key_lanes set taken = 0 where lane = ? and taken = ?', lane, taken)
}

/** The highest key of all rows. */
export function* highestKey(): Operation<number> {
  const [row] = yield* select('select coalesce(max(key), 0) from tokens')
  return Number(row?.[0])
}

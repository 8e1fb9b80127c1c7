import type { TokenKey } from '../../store/rows.ts'
import { arrayOf } from './array.ts'

/**
 * A statement about many rows of `tokens`, which lie in a partition a day. The rows of the latest day are asked for by
 * one statement, those of all earlier days by another: a statement for each day would cost more than its rows.
 */
export interface OfDays {
  /** PostgreSQL plans it anew each time, for the one partition between the lowest and the highest key. */
  readonly latest: string
  /**
   * Finds each row by its key in the partition that has it. It is planned once for all partitions, and one that is
   * empty then may be planned to be read from end to end, as long as nothing is known of what came into it: that is
   * over when a day is.
   */
  readonly earlier: string
}

/**
 * The rows of a list of keys between the lowest and the highest, which say where not to look. Its parameters are
 * `boundsOf` the keys.
 */
export const IN_BOUNDS = 'key = any (cast(? as bigint[])) and key between ? and ?'

/**
 * Columns of the same rows, in the order of the list. The limit tells the planner that there is one row for each key;
 * else it may believe that all rows between the bounds are fewer, and read them.
 */
export function selectEach(columns: string, lock = ''): string {
  return `select found.* from unnest(cast(? as bigint[])) as wanted (token) cross join lateral (
    select ${columns} from tokens where key = token and key between ? and ? limit 1 ${lock}) as found`
}

/** The list of some keys, the lowest and the highest. */
export function boundsOf(
  keys: readonly TokenKey[],
): readonly [list: string, lowest: number, highest: number] {
  return [arrayOf(keys), Math.min(...keys), Math.max(...keys)]
}

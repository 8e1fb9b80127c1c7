import type { EpochSeconds } from '../../protocol/time.ts'
import { FACTS_KEPT } from '../../store/usage.ts'
import { change, placeHolders, type SqlDriver, type SqlRow, type SqlValue } from './operation.ts'
import { KEY_IN_ALL } from './usage-additions.ts'

/** Of the values of a key and fact, which comes how manyth; the latest is first. */
export const PLACE = `row_number() over (partition by ${KEY_IN_ALL}, fact order by last_at desc, value)`

/** Rows that are looked at in one go, which takes one or two milliseconds. */
const PART = 1000

/** In one call: nobody has so many facts that matter, and a million is looked at within the hour. */
const PARTS = 30

/** Between two parts. */
const PAUSE_MS = 10

const BACKWARDS = KEY_IN_ALL.replaceAll(',', ' desc,')
const IN_PART = `(${KEY_IN_ALL}) > (${placeHolders(KEY_IN_ALL)}) and (${KEY_IN_ALL}) <= (${placeHolders(KEY_IN_ALL)})`
// All facts of a key are in one part.
const END_OF_PART = `select ${KEY_IN_ALL} from
  (select ${KEY_IN_ALL} from usage_facts where (${KEY_IN_ALL}) > (${placeHolders(KEY_IN_ALL)})
    order by ${KEY_IN_ALL} limit ${PART}) as part
  order by ${BACKWARDS} desc limit 1`
const SURPLUS = `select ${KEY_IN_ALL}, fact, value, last_at from
  (select ${KEY_IN_ALL}, fact, value, last_at, ${PLACE} as place from usage_facts where ${IN_PART}) as ranked
  where place > ${FACTS_KEPT} or last_at < ? limit ?`
const HAS_SURPLUS = `select 1 from (${SURPLUS}) as surplus limit 1`
// Named with their time: one that was seen again meanwhile stays.
const DELETE = `delete from usage_facts where (${KEY_IN_ALL}, fact, value, last_at) in (${SURPLUS})`

/** Before all keys. */
const START: SqlRow = ['', '', '', '', '']

/**
 * Deletes facts that are too old or too many by looking at all facts in turn, in the order of their keys; the next call
 * goes on from where this one has stopped. How many went.
 *
 * They are neither counted nor found by an index whenever they are written: that would cost more than to write them.
 */
export function createFactsSweep(
  driver: SqlDriver,
): (before: EpochSeconds, limit: number) => Promise<number> {
  let after = START

  return async (before, limit) => {
    let count = 0
    for (let part = 0; part < PARTS; part++) {
      if (part > 0) await new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
      const [end] = await driver.read(END_OF_PART, after)
      if (end === undefined) {
        after = START
        return count
      }
      const parameters: readonly SqlValue[] = [...after, ...end, before, limit - count]
      const [surplus] = await driver.read(HAS_SURPLUS, parameters)
      if (surplus !== undefined) count += await driver.write(() => change(DELETE, ...parameters))
      // There may be more of this part.
      if (count >= limit) return count
      after = end
    }
    return count
  }
}

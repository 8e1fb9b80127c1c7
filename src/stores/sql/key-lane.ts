import type { RandomInteger } from '../key-sequence.ts'
import { change, type Operation, type SqlDriver, select } from './operation.ts'

/**
 * One of the lanes of `../key-sequence.ts`. Its column `taken` counts the takings in steps of `OWNERS`, so that the
 * greater is the later; the rest is the owner, drawn at random, so that nobody holds another's lane for their own.
 */
export interface KeyLane {
  readonly lane: number
  readonly owner: number
}

const OWNERS = 2 ** 16

/** How often who has a lane says that it is still theirs. */
const RENEWAL_MS = 60_000

const OLDEST = 'select lane, taken from key_lanes order by taken, lane limit 1'
const LAST_TAKING = 'select max(taken) from key_lanes'
const TAKE = 'update key_lanes set taken = ? where lane = ? and taken = ?'
const RENEW = `update key_lanes set taken = ? where lane = ? and taken % ${OWNERS} = ?`

/** Takes a lane that nobody has; if all are taken, the one that was not renewed for the longest time: its process died. */
export function* takeLane(random: RandomInteger): Operation<KeyLane> {
  // 0 has those that nobody has.
  const owner = 1 + random(OWNERS - 1)
  for (;;) {
    const [oldest] = yield* select(OLDEST)
    const lane = Number(oldest?.[0])
    const count = yield* change(TAKE, yield* nextTaking(owner), lane, Number(oldest?.[1]))
    // None: somebody else took it since.
    if (count > 0) return { lane, owner }
  }
}

/** Says that a lane is still in use, unless somebody else has taken it. */
export function* renewLane({ lane, owner }: KeyLane): Operation<void> {
  yield* change(RENEW, yield* nextTaking(owner), lane, owner)
}

/** Gives a lane back, unless somebody else has taken it since, even if they have given it back and a third has it. */
export function* leaveLane({ lane, owner }: KeyLane): Operation<void> {
  yield* change(RENEW, 0, lane, owner)
}

/** Renews a lane until it is closed, which gives it back. The timer does not keep the process alive. */
export function keepLane(
  driver: Pick<SqlDriver, 'write'>,
  lane: KeyLane,
  renewalMs = RENEWAL_MS,
): { close(): Promise<void> } {
  // If it can not be written now, it can another time: many others would have to take a lane meanwhile.
  const timer = setInterval(() => driver.write(() => renewLane(lane)).catch(() => {}), renewalMs)
  timer.unref()
  return {
    async close() {
      clearInterval(timer)
      await driver.write(() => leaveLane(lane)).catch(() => {})
    },
  }
}

/** Later than all that there are. */
function* nextTaking(owner: number): Operation<number> {
  const [last] = yield* select(LAST_TAKING)
  return (Math.floor(Number(last?.[0]) / OWNERS) + 1) * OWNERS + owner
}

/** The highest key that any token or record of the audit log has, or a token had before it was purged: a key is never given twice, whatever the clock says. */
export function* highestKey(): Operation<number> {
  const [present] = yield* select('select coalesce(max(key), 0) from tokens')
  const [recorded] = yield* select('select coalesce(max(key), 0) from audit')
  const [purged] = yield* select('select value from facts where name = ?', HIGHEST_PURGED)
  return Math.max(Number(present?.[0]), Number(recorded?.[0]), Number(purged?.[0] ?? 0))
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

import type { Clock, EpochSeconds } from '../protocol/time.ts'
import type { TokenKey } from '../store/rows.ts'

/** A random integer of 0 … `belowExclusive` - 1. */
export type RandomInteger = (belowExclusive: number) => number

/** Writers of one database that can draw keys at the same time without ever drawing the same one. */
export const KEY_LANES = 64

/** Keys one lane has for a millisecond; a busier node runs ahead of its clock, and stays in order. */
const KEYS_A_MILLISECOND = 64

/** Of all lanes together. */
const KEYS_IN_A_MILLISECOND = KEYS_A_MILLISECOND * KEY_LANES

/** 2020-01-01: with 64 × 64 keys a millisecond, 2^53 is reached in 2089. */
const EPOCH_MS = 1_577_836_800_000

const MAX_STEP = 4

/** Draws a key, which is also greater than `parent`. */
export type NextKey = (parent?: TokenKey) => TokenKey

export interface KeySequenceOptions {
  readonly clock: Clock
  readonly random: RandomInteger
  /** Which of the `KEY_LANES` is this writer's own. */
  readonly lane: number
  /** Every key will be greater than this one. */
  readonly after: TokenKey
}

/**
 * Draws token keys: each greater than the last, whatever the clock does, and in the order of time among lanes.
 *
 * A key is a millisecond, a place in it and the lane. The first place in a millisecond and the steps after it are
 * random, so that two keys do not tell how many were drawn between them.
 */
export function createKeySequence({ clock, random, lane, after }: KeySequenceOptions): NextKey {
  let last = Math.floor(after / KEY_LANES)
  return (parent = 0) => {
    const elapsedMs = Math.max(0, Math.floor(clock() - EPOCH_MS))
    const now = elapsedMs * KEYS_A_MILLISECOND + random(KEYS_A_MILLISECOND)
    const next = Math.max(now, Math.max(last, Math.floor(parent / KEY_LANES)) + 1 + random(MAX_STEP))
    const key = next * KEY_LANES + lane
    if (!Number.isSafeInteger(key))
      throw new RangeError('no token keys are left: the clock is past the year 2088')
    last = next
    return key
  }
}

/** When a key was drawn, give or take what a busy node ran ahead of its clock. */
export function writtenAtOf(key: TokenKey): EpochSeconds {
  return Math.floor((key / KEYS_IN_A_MILLISECOND + EPOCH_MS) / 1000)
}

/** The lowest key that is drawn at a time, in milliseconds. */
export function firstKeyAt(timeMs: number): TokenKey {
  return Math.max(0, Math.floor(timeMs - EPOCH_MS)) * KEYS_IN_A_MILLISECOND
}

/** How many keys there are in so much time, drawn or not. */
export function keysWithin(durationMs: number): number {
  return durationMs * KEYS_IN_A_MILLISECOND
}

/** Random integers below a power of two up to 2^16, drawn from the system's generator 1024 at a time. */
export function createRandomInteger(): RandomInteger {
  const pool = new Uint16Array(1024)
  let next = pool.length
  return (belowExclusive) => {
    if (next === pool.length) {
      crypto.getRandomValues(pool)
      next = 0
    }
    return (pool[next++] ?? 0) % belowExclusive
  }
}

import type { PasswordAnswer, PasswordJudge } from '../crypto/password.ts'
import type { PasswordVerdict } from '../grants/index.ts'
import { StoreUnavailable } from '../store/errors.ts'
import type { ClientLogin, Login, LoginBuckets } from '../store/login-buckets.ts'
import { hasRoom, type LoginBucket } from '../store/login-failures.ts'
import type { Store } from '../store/store.ts'
import { createNotedFailures, type NotedFailures } from './noted-failures.ts'

/**
 * Limits how often passwords can be guessed, and the secrets of clients that are compared as slowly.
 *
 * Which answer a password gets is decided after it was compared: that it is right is told only when it is known of all
 * whose turn came earlier whether they are wrong, and only if there is room for one failure more besides those of them
 * that are not in the store yet; that it is wrong is told only after that was counted, durably and for all nodes. So in
 * one process guesses learn no more at once than one after the other, however many are compared at a time and whichever
 * is done first; and right logins, which are not counted, never stand in each other's way.
 *
 * What another process has found wrong is known here as soon as it is in the store. Until then each of n processes that
 * share a store may tell as much as it finds room for, so that all together tell n times as much as one at most, and
 * that only to guesses that come to all of them at the same moment.
 */
export interface LoginLimits {
  readonly buckets: LoginBuckets
  begin(login: Login | ClientLogin, nowMs: number): LoginAttempt
  /** For those that limit nobody. */
  readonly noted: NotedFailures
}

/** One login. Each look at the limits is one look into the store. */
export interface LoginAttempt {
  /**
   * Whether a password that is known to be right without being compared may be told so. All that are being compared
   * count as wrong, for they came first.
   */
  mayTellAtOnce(): Promise<boolean>
  /**
   * Has a password compared, and counts it as wrong unless it is told that it is right. `blocked`: there was no room
   * for that, or nothing may be told. Whatever is not told has cost the same: one look, and the attempt to count it.
   */
  compare(work: (judge: PasswordJudge) => Promise<PasswordAnswer>): Promise<PasswordVerdict>
  /**
   * Has another server asked, if there is room for its refusal besides all that came earlier, and counts what is not
   * right; what it throws counts as nothing. Until it is known, it counts as wrong for all that come later: near the end
   * of what there is room for they wait for it, and otherwise for nothing. `blocked`: there was no room.
   */
  ask<T>(work: () => Promise<T>, isRight: (answer: T) => boolean): Promise<T | 'blocked'>
}

/** A login whose password is compared, from when it came until it is told or counted. */
interface Guess {
  /** In which order they are compared; infinite: its turn has not come. */
  turn: number
  isWrong: boolean
  /** Settled as soon as it is known whether it is wrong, or that it will not be. */
  readonly compared: Promise<void>
  /** Of one that another server is asked about: settled as soon as it has answered. Null: it has, or none is. */
  answered: Promise<void> | null
}

export function createLoginLimits(
  store: Pick<Store, 'readLoginFailures' | 'addLoginFailure' | 'check'>,
  buckets: LoginBuckets,
  aSecondLater: (run: () => void) => void,
): LoginLimits {
  /** By bucket. None is empty. */
  const underWay = new Map<string, Set<Guess>>()
  let turns = 0
  /** Failures that could not be counted. Nothing is told before one could be again, or guessing would be free. */
  let lost = 0
  /** How many of these were lost before the last write that could be confirmed. */
  let overcome = 0

  const guessesIn = (bucket: LoginBucket) => [...(underWay.get(keyOf(bucket)) ?? [])]

  function enter(inBuckets: readonly LoginBucket[], guess: Guess): void {
    for (const bucket of inBuckets) {
      const guesses = underWay.get(keyOf(bucket))
      if (guesses === undefined) underWay.set(keyOf(bucket), new Set([guess]))
      else guesses.add(guess)
    }
  }

  function leave(inBuckets: readonly LoginBucket[], guess: Guess): void {
    for (const bucket of inBuckets) {
      const guesses = underWay.get(keyOf(bucket))
      guesses?.delete(guess)
      if (guesses?.size === 0) underWay.delete(keyOf(bucket))
    }
  }

  /** `unsure`: there is room, but not besides the guesses under way that count. */
  async function lookInto(
    inBuckets: readonly LoginBucket[],
    nowMs: number,
    counts: (guess: Guess) => boolean,
  ): Promise<'room' | 'unsure' | 'full'> {
    if (inBuckets.length === 0) return 'room'
    while (overcome < lost) {
      const before = lost
      await store.check()
      overcome = Math.max(overcome, before)
    }
    // First: what has arrived by the time the store answers may count twice, but never not at all.
    const counted = inBuckets.map((bucket) => guessesIn(bucket).filter(counts).length)
    const emptyAtMs = await store.readLoginFailures(inBuckets)
    const holds = (more: readonly number[]) =>
      inBuckets.every((bucket, n) => hasRoom(bucket, emptyAtMs[n] ?? 0, nowMs, 1 + (more[n] ?? 0)))
    if (!holds([])) return 'full'
    return holds(counted) ? 'room' : 'unsure'
  }

  /** Whether a password may be told to be right that was just compared. */
  async function mayTell(inBuckets: readonly LoginBucket[], nowMs: number, guess: Guess): Promise<boolean> {
    const isEarlier = ({ turn }: Guess) => turn < guess.turn
    const earlier = inBuckets.flatMap(guessesIn).filter(isEarlier)
    await Promise.all(earlier.map(({ compared }) => compared))
    for (;;) {
      const asked = inBuckets.flatMap(guessesIn).filter(isEarlier)
      const answers = asked.flatMap(({ answered }) => answered ?? [])
      const found = await lookInto(inBuckets, nowMs, (one) => one.isWrong && isEarlier(one))
      if (found !== 'unsure') return found === 'room'
      // What another server is asked about may turn out to be right, and only here it is waited for.
      if (answers.length === 0) return false
      await Promise.race(answers)
    }
  }

  /**
   * False: it does not fit. That takes as long, with a write that counts nothing: in the transaction of the attempt to
   * count it where it is known that it will not fit, else after it.
   */
  async function count(
    inBuckets: readonly LoginBucket[],
    nowMs: number,
    isBlocked: boolean,
  ): Promise<boolean> {
    if (inBuckets.length === 0) return true
    const added = store.addLoginFailure(inBuckets, nowMs).catch((thrown: unknown) => {
      if (thrown instanceof StoreUnavailable) lost += 1
      throw thrown
    })
    const [isCounted] = await Promise.all([added, isBlocked && store.check()])
    if (!isCounted && !isBlocked) await store.check()
    return isCounted
  }

  return {
    buckets,
    noted: createNotedFailures(store, buckets, aSecondLater),
    begin(login, nowMs) {
      const inBuckets = buckets.of(login)
      let isBlocked = false
      return {
        async mayTellAtOnce() {
          const found = await lookInto(inBuckets, nowMs, () => true)
          isBlocked = found === 'full'
          return found === 'room'
        },
        async compare(work) {
          const { promise: compared, resolve: settle } = Promise.withResolvers<void>()
          const guess: Guess = { turn: Number.POSITIVE_INFINITY, isWrong: false, compared, answered: null }
          let isWithheld = false
          enter(inBuckets, guess)
          try {
            const answer = await work(() => {
              guess.turn = turns++
              return async (isRight) => {
                // Before anything is awaited: from here on no later one can be told without this one being counted.
                guess.isWrong = !isRight
                settle()
                isBlocked ||= !(await mayTell(inBuckets, nowMs, guess))
                isWithheld = isRight && isBlocked
                return !isBlocked
              }
            })
            if (answer !== 'mismatch') return answer
            const isCounted = await count(inBuckets, nowMs, isBlocked)
            return isCounted && !isWithheld ? 'mismatch' : 'blocked'
          } finally {
            settle()
            leave(inBuckets, guess)
          }
        },
        async ask(work, isRight) {
          const { promise: answered, resolve: settle } = Promise.withResolvers<void>()
          const guess: Guess = { turn: turns++, isWrong: true, compared: Promise.resolve(), answered }
          enter(inBuckets, guess)
          try {
            const mayAsk = await mayTell(inBuckets, nowMs, guess)
            const answer = mayAsk ? await work() : null
            if (answer !== null && isRight(answer)) return answer
            guess.answered = null
            settle()
            const isCounted = await count(inBuckets, nowMs, !mayAsk)
            return isCounted && answer !== null ? answer : 'blocked'
          } finally {
            settle()
            leave(inBuckets, guess)
          }
        },
      }
    },
  }
}

function keyOf({ user, source }: LoginBucket): string {
  return `${user ?? ''} ${source}`
}

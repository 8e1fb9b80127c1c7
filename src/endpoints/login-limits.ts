import { StoreUnavailable } from '../store/errors.ts'
import type { Login, LoginBuckets } from '../store/login-buckets.ts'
import { hasRoom, type LoginBucket } from '../store/login-failures.ts'
import type { Store } from '../store/store.ts'

/**
 * Limits how often passwords can be guessed.
 *
 * Whether a password is right is told only while there is room for one failure more, and that it is wrong only after
 * that was counted, durably and for all nodes. So it does not matter how many guess at once: together they learn no
 * more than they would one after the other; and right logins, which are not counted, never wait for each other.
 */
export interface LoginLimits {
  readonly buckets: LoginBuckets
  begin(login: Login, nowMs: number): LoginAttempt
}

/** One login. Each look at the limits is one look into the store. */
export interface LoginAttempt {
  /**
   * Whether a password that is known to be right without being compared may be told so. Those that are being compared
   * count as wrong, for they came first.
   */
  mayTellAtOnce(): Promise<boolean>
  /** Does the work with others knowing that a password is being compared. */
  compare<T>(work: () => Promise<T>): Promise<T>
  /** Whether it may be told of a password that is about to be compared that it is right. */
  mayTell(): Promise<boolean>
  /** Counts it as wrong; false if there is no room for that, or nothing may be told: it is blocked. */
  fail(): Promise<boolean>
}

/** What is under way in this process, in one bucket. */
interface Traffic {
  comparing: number
  failing: number
}

export function createLoginLimits(
  store: Pick<Store, 'readLoginFailures' | 'addLoginFailure' | 'check'>,
  buckets: LoginBuckets,
): LoginLimits {
  const traffic = new Map<string, Traffic>()
  /** Whether a failure could not be counted. Nothing is told before one could be again, or guessing would be free. */
  let isUncounted = false

  function add(inBuckets: readonly LoginBucket[], kind: keyof Traffic, count: 1 | -1): void {
    for (const bucket of inBuckets) {
      const key = keyOf(bucket)
      const known = traffic.get(key) ?? { comparing: 0, failing: 0 }
      known[kind] += count
      if (known.comparing + known.failing > 0) traffic.set(key, known)
      else traffic.delete(key)
    }
  }

  async function during<T>(
    inBuckets: readonly LoginBucket[],
    kind: keyof Traffic,
    work: () => Promise<T>,
  ): Promise<T> {
    add(inBuckets, kind, 1)
    try {
      return await work()
    } finally {
      add(inBuckets, kind, -1)
    }
  }

  /** `unsure`: there is room, but not if all that is under way fails. */
  async function lookInto(
    inBuckets: readonly LoginBucket[],
    kind: keyof Traffic,
    nowMs: number,
  ): Promise<'room' | 'unsure' | 'full'> {
    if (inBuckets.length === 0) return 'room'
    if (isUncounted) {
      await store.check()
      isUncounted = false
    }
    // First: what has arrived by the time the store answers may count twice, but never not at all.
    const underWay = inBuckets.map((bucket) => traffic.get(keyOf(bucket))?.[kind] ?? 0)
    const emptyAtMs = await store.readLoginFailures(inBuckets)
    const holds = (more: readonly number[]) =>
      inBuckets.every((bucket, n) => hasRoom(bucket, emptyAtMs[n] ?? 0, nowMs, 1 + (more[n] ?? 0)))
    if (!holds([])) return 'full'
    return holds(underWay) ? 'room' : 'unsure'
  }

  return {
    buckets,
    begin(login, nowMs) {
      const inBuckets = buckets.of(login)
      let isBlocked = false
      return {
        async mayTellAtOnce() {
          const found = await lookInto(inBuckets, 'comparing', nowMs)
          isBlocked = found === 'full'
          return found === 'room'
        },
        compare: (work) => during(inBuckets, 'comparing', work),
        async mayTell() {
          isBlocked ||= (await lookInto(inBuckets, 'failing', nowMs)) !== 'room'
          return !isBlocked
        },
        async fail() {
          if (inBuckets.length === 0) return true
          try {
            const isCounted = await during(inBuckets, 'failing', () =>
              store.addLoginFailure(inBuckets, nowMs),
            )
            return isCounted && !isBlocked
          } catch (thrown) {
            if (thrown instanceof StoreUnavailable) isUncounted = true
            throw thrown
          }
        },
      }
    },
  }
}

function keyOf({ user, source }: LoginBucket): string {
  return `${user ?? ''} ${source}`
}

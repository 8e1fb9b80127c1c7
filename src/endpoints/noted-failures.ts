import type { ClientLogin, LoginBuckets } from '../store/login-buckets.ts'
import { hasRoom, type LoginBucket } from '../store/login-failures.ts'
import type { Store } from '../store/store.ts'

/**
 * Failures that could not have been guesses, counted for operators to see. No request waits for that, nor can it be told
 * from the time of the next one whose failure it was: those of a second are counted together.
 */
export interface NotedFailures {
  /** Of more in one second than are taken some are not counted. */
  note(login: ClientLogin, nowMs: number): void
  /** Counts what was noted. Never rejects: what could not be counted is not. */
  write(): Promise<void>
}

/** So much of the store a flood of them takes up in a second. */
const MOST = 20

export function createNotedFailures(
  store: Pick<Store, 'readLoginFailures' | 'addLoginFailure'>,
  buckets: LoginBuckets,
  aSecondLater: (run: () => void) => void,
): NotedFailures {
  let noted = new Map<string, () => Promise<void>>()

  async function count(inBuckets: readonly LoginBucket[], nowMs: number): Promise<void> {
    // Nothing is limited.
    if (inBuckets.length === 0) return
    const emptyAtMs = await store.readLoginFailures(inBuckets)
    if (!inBuckets.every((bucket, n) => hasRoom(bucket, emptyAtMs[n] ?? 0, nowMs))) return
    await store.addLoginFailure(inBuckets, nowMs)
  }

  async function write(): Promise<void> {
    const counts = [...noted.values()]
    noted = new Map()
    await Promise.allSettled(counts.map((run) => run()))
  }

  return {
    note(login, nowMs) {
      if (noted.size >= MOST) return
      if (noted.size === 0) aSecondLater(() => void write())
      const { tenant, clientId, source } = login
      noted.set(JSON.stringify([tenant, clientId, source]), () => count(buckets.of(login), nowMs))
    },
    write,
  }
}

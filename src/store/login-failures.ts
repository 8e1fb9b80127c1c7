import type { Seconds } from '../protocol/time.ts'
import type { AuditEvent } from './audit.ts'

/**
 * Failed logins are counted in buckets that leak: a failure adds to what is in a bucket, which runs out at an even
 * pace, so of each bucket there is one number, the time at which it will be empty (GCRA). What fits into an empty
 * bucket can fail at once; afterwards there is room for one failure more each time as much has run out.
 */
export interface LoginBucket extends LoginBucketKey {
  /** How long one failure takes to run out, in milliseconds. */
  readonly failureMs: number
  /** How long a full bucket takes to do so. */
  readonly capacityMs: number
}

/** Names and addresses are digests here, which tell nothing without the key of the installation. */
export interface LoginBucketKey {
  /** Of the user whose password was tried; null: of all users. */
  readonly user: string | null
  /** Of where that came from. */
  readonly source: string
}

export interface LoginFailureRow extends LoginBucketKey {
  readonly emptyAtMs: number
}

/** Which buckets: all of a user, or the one of all users that a source has. */
export type LoginFailureQuery = { readonly user: string } | { readonly source: string }

/** How fast buckets of so many failures leak that are empty after a window. At least one failure. */
export function leakOf(failures: number, window: Seconds): Pick<LoginBucket, 'failureMs' | 'capacityMs'> {
  const failureMs = Math.ceil((window * 1000) / failures)
  return { failureMs, capacityMs: failures * failureMs }
}

/** Whether so many failures fit into a bucket that will be empty at a certain time. */
export function hasRoom(
  { failureMs, capacityMs }: LoginBucket,
  emptyAtMs: number,
  nowMs: number,
  failures = 1,
): boolean {
  return Math.max(emptyAtMs, nowMs) + failures * failureMs <= nowMs + capacityMs
}

/** Login failures are kept apart from tokens: they are written by requests that are refused. */
export interface LoginFailureStore {
  /**
   * Adds a failure to each of one or two buckets, or to none unless it fits into all; whether it did. However many are
   * added at once, no bucket holds more than it has room for. One that is fuller than that, because a clock was put
   * back, holds as much as it has room for afterwards.
   */
  addLoginFailure(buckets: readonly LoginBucket[], nowMs: number): Promise<boolean>
  /** When each of one or two buckets will be empty, in their order; 0 for one that is not there. As it is now. */
  readLoginFailures(buckets: readonly LoginBucketKey[]): Promise<readonly number[]>
  /** At most `limit`, the fullest first. */
  listLoginFailures(query: LoginFailureQuery, limit: number): Promise<readonly LoginFailureRow[]>
  /** Empties buckets; how many there were. */
  clearLoginFailures(query: LoginFailureQuery, event?: AuditEvent): Promise<number>
  /** Deletes up to `limit` buckets that are empty at a time; how many went. */
  purgeLoginFailures(nowMs: number, limit: number): Promise<number>
}

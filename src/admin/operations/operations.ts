/**
 * What an operator can do to users, clients, tokens and tenants: the admin API, the command line and the
 * configuration's `apply` all call these functions. They validate what they are given, keep the rules that no single
 * row can keep (such as: a client is no user), and answer with resources, which never hold a hash. They know no HTTP,
 * no command line and no file, and of the store only the port.
 */

import type { Passwords } from '../../crypto/password.ts'
import type { Random } from '../../crypto/random.ts'
import type { Clock } from '../../protocol/time.ts'
import type { AuditEvent } from '../../store/audit.ts'
import {
  type ActedBy,
  BY_SERVER,
  type Changed,
  type ChangeEventType,
  changeEvent,
} from '../../store/change-event.ts'
import type { LoginBuckets } from '../../store/login-buckets.ts'
import type { Store } from '../../store/store.ts'

/** What operations need of the server; the first argument of each. */
export interface Operations {
  readonly store: Store
  readonly clock: Clock
  readonly random: Random
  readonly passwords: Passwords
  readonly logins: { readonly buckets: LoginBuckets }
  /** Who acts, for the audit log; absent: nobody but the server itself. */
  readonly by?: ActedBy
}

/** The same, of whom it is known who acts. */
export interface ActingOperations extends Operations {
  readonly by: ActedBy
}

/** What an operation hands to the store with a change, which keeps both or neither. */
export function eventOf(
  { by = BY_SERVER, clock }: Operations,
  type: ChangeEventType,
  changed: Changed,
): AuditEvent {
  return changeEvent(by, clock(), type, changed)
}

/** Which state of a resource an operation is meant for. */
export interface Expectation {
  /** The resource's `version` as it was read: otherwise the operation is refused with `changed`. */
  readonly version?: number | undefined
}

/** One page of a list. */
export interface Listed<Item, Cursor> {
  readonly items: readonly Item[]
  /** Where the next page begins; null: this was the last. */
  readonly next: Cursor | null
}

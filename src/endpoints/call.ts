/**
 * What all endpoints share. An endpoint takes a decoded request and a `Call`, talks to the store and the crypto
 * layer, and gives back plain values; it knows neither HTTP nor the wire form of any surface.
 */

import type { Requester } from '../crypto/bounded-queue.ts'
import type { KeyedDigest } from '../crypto/keyed-digest.ts'
import type { Passwords } from '../crypto/password.ts'
import type { Random } from '../crypto/random.ts'
import type { OAuthError } from '../protocol/errors.ts'
import type { SurfacePolicy, Tenant, UpstreamPolicy } from '../protocol/policy.ts'
import type { Scope } from '../protocol/scope.ts'
import type { Clock, EpochSeconds, Seconds } from '../protocol/time.ts'
import type { GrantType } from '../protocol/token.ts'
import type { ActedBy } from '../store/change-event.ts'
import type { Store } from '../store/store.ts'
import type { RequestAudit } from './audit.ts'
import type { SlowClientSecrets } from './client-secret-check.ts'
import type { ClientSecretUses } from './client-secret-uses.ts'
import type { KeyRing } from './key-ring.ts'
import type { LoginLimits } from './login-limits.ts'
import type { RequestRate } from './request-rate.ts'
import type { Upstream } from './upstream.ts'

/** What the server is made of; one a process. */
export interface Services {
  readonly store: Store
  readonly clock: Clock
  readonly random: Random
  readonly passwords: Passwords
  readonly logins: LoginLimits
  readonly keys: KeyRing
  readonly rate: RequestRate
  readonly secretUses: Pick<ClientSecretUses, 'note'>
  readonly slowSecrets: SlowClientSecrets
  readonly audit: RequestAudit
  readonly upstream: Upstream
  /** Successors of refresh tokens are derived with it; the same on every node. */
  readonly rotationKey: KeyedDigest
}

/** Facts about one request for its log line and the usage ledger; written by whoever learns them. Never a secret. */
export interface Trace {
  grant?: GrantType
  client?: string
  user?: string
  /** Of the access token that was issued; not logged. */
  scope?: Scope
  expiresIn?: Seconds
  /** What was done beyond the ordinary: `replayed`, `rehashed`, `secret upgraded`, `muted secret`, …; see `addNote`. */
  note?: string
  /** What was refused, where that is an outcome and no error. */
  refused?: OAuthError
}

export function addNote(trace: Trace, note: string): void {
  trace.note = trace.note === undefined ? note : `${trace.note}, ${note}`
}

/** One request to one surface of one tenant. */
export interface Call extends Requester {
  readonly services: Services
  readonly tenant: Tenant
  readonly policy: SurfacePolicy
  /** The time of the request; all its decisions use this one. */
  readonly now: EpochSeconds
  /** The server that may be asked about who is not here; absent or null: none. */
  readonly upstream?: UpstreamPolicy | null
  /** For the audit log. */
  readonly by: ActedBy
  readonly trace: Trace
}

import type { HttpBindings } from '@hono/node-server'
import type { Log } from '../log/log.ts'
import type { Metrics } from '../log/metrics.ts'
import type { SigningAlgorithm } from '../protocol/jwt.ts'
import type { Secret } from '../protocol/secret.ts'
import type { EpochSeconds } from '../protocol/time.ts'
import type { ActedBy } from '../store/change-event.ts'
import type { SigningKeyRow } from '../store/rows.ts'
import type { Cursors } from './cursor.ts'
import type { ActingOperations, Operations } from './operations/operations.ts'

/** What the admin API is made of. Changes of the keys and the end of a single token are the token plane's to do. */
export interface AdminOptions {
  readonly operations: Operations
  readonly keys: {
    list(tenant: string): Promise<readonly SigningKeyRow[]>
    /** Makes the announced key the active one, if verifiers know it already or `force` is set. */
    rotate(
      tenant: string,
      algorithm: SigningAlgorithm,
      options: { readonly force: boolean; readonly by: ActedBy },
    ): Promise<RotationOutcome>
    /** Takes a key away for good, and what it signed with it. */
    withdraw(tenant: string, kid: string, by: ActedBy): Promise<WithdrawalOutcome>
  }
  /** Ends one access token, or a refresh token with its family, of any surface of the tenant. */
  revokeToken(tenant: string, token: string, by: ActedBy): Promise<'revoked' | 'unknown_token'>
  readonly adminToken: AdminToken
  /** How far the usage ledger goes back. */
  readonly usageRetentionDays: number
  /** Whether the server can do its work: false from the begin of the shutdown on. */
  ready(): Promise<boolean>
  readonly metrics: Pick<Metrics, 'contentType' | 'text'>
  readonly log: Log
  /** Of the program, for the API's description. */
  readonly version: string
}

/** All keys of the tenant as they are now; or when the announced key may be made the active one. */
export type RotationOutcome =
  | { readonly kind: 'rotated'; readonly keys: readonly SigningKeyRow[] }
  | { readonly kind: 'too_early'; readonly possibleAt: EpochSeconds }

/** All keys of the tenant as they are now. */
export type WithdrawalOutcome =
  | { readonly kind: 'withdrawn'; readonly keys: readonly SigningKeyRow[] }
  | { readonly kind: 'unknown_key' }

/** The token that opens the admin API, or its SHA-256 where only that is known. Null: nobody is let in. */
export type AdminToken = Secret | { readonly sha256: Uint8Array } | null

/** What the handlers of the routes are given. */
export interface RouteContext {
  readonly options: AdminOptions
  readonly cursors: Cursors
}

/** What a request carries through the app; it comes without Node's objects in tests. */
export interface AdminEnv {
  Bindings: Partial<HttpBindings>
  /** `operations` are those of the options, done by whom the request comes from. */
  Variables: { requestId: string; operations: ActingOperations }
}

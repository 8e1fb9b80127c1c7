/**
 * `refusals/` finds out why requests were refused, after they were answered: it reads the request again, looks up what it
 * was about, and keeps what may be kept of both. Nothing here decides anything, and nobody but operators is told.
 */

import type { Services } from '../endpoints/call.ts'
import type { OAuthError } from '../protocol/errors.ts'
import type { SurfacePolicy, Tenant } from '../protocol/policy.ts'
import type { EpochSeconds } from '../protocol/time.ts'
import type { PresentedClient, TokenRequest } from '../protocol/token.ts'
import type { ClientRow, UserRow } from '../store/rows.ts'

/** A refused request as the endpoint was asked. Whatever was looked up is as it is a moment later. */
export interface Examined {
  readonly services: Pick<Services, 'store' | 'logins'>
  readonly refusal: OAuthError
  readonly tenant: Tenant
  readonly policy: SurfacePolicy
  /** Every tenant there is, this one included. */
  readonly tenants: readonly Tenant[]
  /** When it was answered. */
  readonly now: EpochSeconds
  readonly source: string | null
  /** The client and the user that were found. */
  readonly client: ClientRow | null
  readonly user: UserRow | null
  /** What it said who it is from; null: that could not be read. */
  readonly presented: PresentedClient | null
  /** Null: it was none for a token, or could not be read. */
  readonly request: TokenRequest | null
  /** The token it was about, or showed; null: none. */
  readonly token: string | null
  /** The header `Authorization`. */
  readonly authorization: string | null
  /** Of a form, the parameters as they stand in the body, undecoded; empty for other bodies. */
  readonly undecoded: ReadonlyMap<string, string>
}

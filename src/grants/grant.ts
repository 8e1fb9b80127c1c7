/**
 * A grant type: reads the credential a request presents and decides what it is worth. A grant never writes, knows
 * neither HTTP nor SQL, and leaves to `endpoints/token` what all grants share: client authentication, the check
 * that the client may use the grant, issuing.
 */

import type { SurfacePolicy, Tenant, UpstreamPolicy } from '../protocol/policy.ts'
import type { Scope } from '../protocol/scope.ts'
import type { EpochSeconds, Seconds } from '../protocol/time.ts'
import type { GrantType, TokenRequest } from '../protocol/token.ts'
import type { ClientRow, TokenRow, UserRow } from '../store/rows.ts'
import type { Store } from '../store/store.ts'

/** A token somebody presented, found in the store: its hash matched. Whether it is live is not said. */
export interface PresentedToken {
  readonly text: string
  readonly kind: 'access' | 'refresh'
  readonly row: TokenRow
}

/** A password, and whose it is said to be. */
export interface PasswordToCheck {
  /** Null: nobody has the name. */
  readonly user: UserRow | null
  /** The name as it was sent. */
  readonly username: string
  readonly password: string
  /** Whether the user is refused whatever the password is: then it is not compared with the user's. */
  readonly isRefused: boolean
}

/** `match_weak`: right, and the hash should be replaced. `blocked`: too many were wrong; nothing is said of this one. */
export type PasswordVerdict = 'match' | 'match_weak' | 'mismatch' | 'blocked'

/** What a grant may ask of the rest of the server. */
export interface GrantContext {
  readonly tenant: Tenant
  readonly policy: SurfacePolicy
  readonly now: EpochSeconds
  readonly store: Pick<Store, 'findUserByLogin' | 'findUser' | 'findToken'>
  /** The server that may be asked about users and tokens who are not here; null: none. */
  readonly upstream: UpstreamPolicy | null
  /** Costs the same for whoever is refused, and counts it against the limits of guessing. */
  checkPassword(presented: PasswordToCheck): Promise<PasswordVerdict>
  findPresentedToken(text: string): Promise<PresentedToken | null>
  /** Notes a fact for the request's log line. */
  note(fact: 'user', value: string): void
}

/** What becomes of the refresh token. */
export type RefreshDecision =
  | { readonly kind: 'none' }
  /** The first of a new family. */
  | { readonly kind: 'first' }
  /** The presented one stays valid and is answered again. */
  | { readonly kind: 'keep'; readonly presented: PresentedToken }
  /** The presented one is spent; its successor is derived from it. */
  | { readonly kind: 'rotate'; readonly presented: PresentedToken }
  /** The presented one was spent a moment ago: the same successor is answered, and nothing is written. */
  | { readonly kind: 'replay'; readonly presented: PresentedToken; readonly successor: TokenRow }

/** The result of any grant, which `endpoints/issue` turns into tokens. */
export interface Authorization {
  readonly kind: 'authorized'
  /** The grant the tokens go back to; a refreshed token keeps the one of its login. */
  readonly grantType: GrantType
  readonly client: ClientRow | null
  readonly user: UserRow | null
  /** What later refreshes can not exceed. */
  readonly scope: Scope
  /** The scope of this access token. */
  readonly accessScope: Scope
  readonly expiresIn: Seconds
  readonly refresh: RefreshDecision
  /** The user's password, if its stored hash should be replaced by a stronger one. */
  readonly rehash: { readonly userId: string; readonly from: string; readonly password: string } | null
}

/** A refresh token was presented again after its time: the family must die, the request is refused. */
export interface Reuse {
  readonly kind: 'reuse'
  readonly row: TokenRow
}

/** It is not decided here, but by the server that the surface is moved from. */
export interface Elsewhere {
  readonly kind: 'elsewhere'
  /** Who has the name here, and no password; null: nobody, or a token is asked about. */
  readonly user: UserRow | null
}

export interface Grant {
  readonly type: GrantType
  /** Reads and finds what the request presents. Throws `invalid_request` or `invalid_grant`. */
  readonly read: (request: TokenRequest, context: GrantContext) => Presented | Promise<Presented>
}

/** What a grant found; `decide` is called with the authenticated client and the key that was proved, as far as there are. */
export interface Presented {
  readonly decide: (
    client: ClientRow | null,
    jkt: string | null,
  ) => Authorization | Promise<Authorization | Reuse | Elsewhere>
}

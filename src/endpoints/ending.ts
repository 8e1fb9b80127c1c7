import { findGrant } from '../grants/index.ts'
import { type Ending, endOfSpan, joined } from '../protocol/ending.ts'
import { OAuthError } from '../protocol/errors.ts'
import type { SurfaceName, SurfacePolicy, Tenant } from '../protocol/policy.ts'
import { type Clock, type EpochSeconds, epochSeconds } from '../protocol/time.ts'
import type { TokenRequest } from '../protocol/token.ts'
import type { UserRow } from '../store/rows.ts'
import { loginKey } from '../store/store.ts'
import type { Trace } from './call.ts'

/**
 * `gone` if the surface issues no tokens to anybody at this time: after its sunset, or during a brown-out of all. It
 * asks nothing of the request, so the answer says nothing about users, passwords and tokens.
 */
export function refusalOfEnded({ ending }: SurfacePolicy, clock: Clock): OAuthError | null {
  if (ending == null) return null
  const now = epochSeconds(clock)
  if (now >= ending.sunset) return new OAuthError('gone', 'surface_sunset')
  const end = endOfSpan(ending.spans, now)
  return end === null ? null : new OAuthError('gone', 'brown_out', { retryAfter: end - now })
}

/** Which grant was asked for, for the log and the usage ledger, where nothing else of a request counts. */
export function noteGrant(decode: () => TokenRequest, trace: Trace): void {
  try {
    const grant = findGrant(decode().grantType)
    if (grant !== null) trace.grant = grant.type
  } catch {
    // It would have been refused in any case.
  }
}

/**
 * Throws `gone` during a brown-out of this user. Only for who has proved to be the user, by the password or a refresh
 * token that would have been good: to anybody else the answer would tell that there is such a user.
 */
export function refuseUserInBrownOut(user: UserRow, { ending }: SurfacePolicy, now: EpochSeconds): void {
  if (ending == null || ending.ofUsers.length === 0) return
  const end = endOfSpan(spansOf(user, ending), now)
  if (end !== null) throw new OAuthError('gone', 'brown_out', { retryAfter: end - now })
}

/** The surfaces of a tenant whose sunset has come. */
export function endedSurfaces(
  { surfaces }: Tenant,
  clock: Clock,
): readonly { readonly surface: SurfaceName; readonly sunset: EpochSeconds }[] {
  const now = epochSeconds(clock)
  return [...surfaces].flatMap(([surface, { ending }]) =>
    ending != null && now >= ending.sunset ? [{ surface, sunset: ending.sunset }] : [],
  )
}

/** With those of everybody, as the one may go over into the other. */
function spansOf({ id, username, email }: UserRow, { spans, ofUsers }: Ending) {
  const logins = [loginKey(username), email === null ? null : loginKey(email)]
  const concerns = (name: string) => name === id || logins.includes(loginKey(name))
  return joined([...spans, ...ofUsers.filter(({ users }) => users?.some(concerns))])
}

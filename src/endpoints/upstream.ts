import { OAuthError } from '../protocol/errors.ts'
import type { HttpResponse } from '../protocol/http.ts'
import { looksLikeJwt } from '../protocol/jwt.ts'
import type { Seconds } from '../protocol/time.ts'
import { isOpaqueToken, type UpstreamQuestion, type UpstreamRefusal } from '../protocol/upstream.ts'
import type { Claims, UserRow } from '../store/rows.ts'
import { addNote, type Call } from './call.ts'
import { findPresentedToken } from './presented-token.ts'

/**
 * The server that a surface is moved from (`upstream` of its settings). It is asked for users and tokens that are not
 * here, and for nobody else; what it answers goes to whoever has asked.
 */
export interface Upstream {
  /** One request, within the limits of the settings. Never rejects but for whoever has gone meanwhile. */
  ask(question: UpstreamQuestion, call: Call): Promise<UpstreamAnswer | UpstreamFailure>
  /** The row of a user that it knows, by the rules for users that are created here; null: they do not allow it. */
  rowOf(tenant: string, user: UpstreamUser): UserRow | null
}

export interface UpstreamUser {
  readonly id: string
  readonly username: string
  readonly email: string | null
  readonly roles: readonly string[]
  readonly claims: Claims
}

export type UpstreamAnswer =
  | {
      readonly kind: 'answered'
      readonly content: Readonly<Record<string, unknown>>
      /** The answer, for whoever has asked. */
      readonly response: HttpResponse
    }
  | { readonly kind: 'refused'; readonly refusal: UpstreamRefusal }

/** It has said nothing that would be of use. */
export interface UpstreamFailure {
  readonly kind: 'failed'
  /** `open`: it has failed too often, and is left alone. `busy`: too many wait for it. */
  readonly why: 'failed' | 'timeout' | 'open' | 'busy'
  readonly retryAfter: Seconds
  /** For the log: never what was sent or answered. */
  readonly cause: unknown
}

/** An answer that was made elsewhere, to be sent as it is. */
export interface Relayed {
  readonly response: HttpResponse
}

export function isRelayed(answer: unknown): answer is Relayed {
  return typeof answer === 'object' && answer !== null && 'response' in answer
}

/**
 * Asks the server that the surface is moved from. Throws `temporarily_unavailable` if it does not answer: nothing is
 * known then of what was asked about.
 */
export async function askUpstream(question: UpstreamQuestion, call: Call): Promise<UpstreamAnswer> {
  const answer = await call.services.upstream.ask(question, call)
  if (answer.kind === 'failed') throw unavailable(answer)
  addNote(call.trace, answer.kind === 'answered' ? 'upstream' : 'upstream refused')
  return answer
}

/** What the usage ledger wants to know of tokens that were issued elsewhere. */
export function noteIssued({ expires_in, scope }: Readonly<Record<string, unknown>>, { trace }: Call): void {
  if (typeof expires_in === 'number' && Number.isSafeInteger(expires_in) && expires_in > 0)
    trace.expiresIn = expires_in
  if (typeof scope === 'string' && scope !== '') trace.scope = scope.split(' ')
}

function unavailable({ why, retryAfter, cause }: UpstreamFailure): OAuthError {
  const options = { retryAfter, cause }
  switch (why) {
    case 'failed':
      return new OAuthError('temporarily_unavailable', 'upstream_failed', options)
    case 'timeout':
      return new OAuthError('temporarily_unavailable', 'upstream_timeout', options)
    case 'open':
      return new OAuthError('temporarily_unavailable', 'upstream_open', options)
    case 'busy':
      return new OAuthError('temporarily_unavailable', 'upstream_busy', options)
  }
}

/** What it does not accept, in the words of our own refusals of that kind. */
export function upstreamRefusal(refusal: UpstreamRefusal): OAuthError {
  if (refusal === 'scope') return new OAuthError('invalid_scope', 'upstream_refused_scope')
  return new OAuthError(
    'invalid_grant',
    refusal === 'client' ? 'upstream_refused_client' : 'upstream_refused',
  )
}

/** Whether the surface asks about tokens, and this can be one that is not from here: of no tenant, known or ended. */
export async function isTokenElsewhere(text: string, call: Call): Promise<boolean> {
  if (call.upstream?.tokens !== true || !isOpaqueToken(text) || looksLikeJwt(text)) return false
  return (await findPresentedToken(text, call.tenant.id, call.services.store)) === null
}

import {
  type ClientAssertion,
  findAssertionKey,
  isSignedBy,
  readClientAssertion,
} from '../crypto/client-assertion.ts'
import { sha256 } from '../crypto/digest.ts'
import { OAuthError } from '../protocol/errors.ts'
import type { Seconds } from '../protocol/time.ts'
import type { PresentedAssertion } from '../protocol/token.ts'
import type { ClientRow } from '../store/rows.ts'
import type { Call } from './call.ts'

/**
 * Client authentication by a JWT that the client has signed: `private_key_jwt` (RFC 7523 §2.2). Whatever is wrong with
 * one, the answer is the same `invalid_client`; why is only in the reason.
 */

/** How far ahead an assertion may expire. Longer ones would have to be remembered for longer. */
const LONGEST: Seconds = 300

/** How far the clocks of clients may be off. */
const LEEWAY: Seconds = 10

/** Characters of an assertion: room for a certificate in its header, and an end to the work one can make. */
const MAX_LENGTH = 4096

/** Characters of a `jti`. */
const MAX_ID_LENGTH = 255

/** An assertion that names its client. */
export interface NamedAssertion {
  readonly method: 'private_key_jwt'
  readonly clientId: string
  readonly endpoint: PresentedAssertion['endpoint']
  readonly assertion: ClientAssertion
}

/** Reads an assertion, and whom it is from. The client has still to be found, and to have signed it. */
export function readAssertion({ assertion, clientId, endpoint }: PresentedAssertion): NamedAssertion {
  const text = assertion.reveal()
  if (text.length > MAX_LENGTH) throw refused('assertion_too_long')
  const read = readClientAssertion(text)
  if (read === null) throw refused('malformed_assertion')
  const { iss, sub } = read.claims
  // RFC 7523 §3: issuer and subject are the client.
  if (typeof sub !== 'string' || iss !== sub) throw refused('assertion_issuer')
  // No client has such an id, and PostgreSQL can't even be asked for a NUL.
  if (sub.includes('\0') || !sub.isWellFormed()) throw refused('assertion_issuer')
  // RFC 7521 §4.2: "the client_id … MUST identify the same client".
  if (clientId !== null && clientId !== sub) throw refused('assertion_of_another_client')
  return { method: 'private_key_jwt', clientId: sub, endpoint, assertion: read }
}

/** Refuses an assertion that the client has not signed, or that is not for here and now. */
export function requireAssertion(
  { jwks }: ClientRow,
  { assertion, endpoint }: NamedAssertion,
  call: Call,
): void {
  if (jwks === null) throw refused('client_without_keys')
  const key = findAssertionKey(assertion, jwks)
  if (key === null) throw refused('assertion_key')
  if (!isSignedBy(assertion, key)) throw refused('assertion_signature')
  requireAudience(assertion, endpoint, call)
  requireTime(assertion, call)
  const { jti } = assertion.claims
  if (typeof jti !== 'string' || jti === '' || jti.length > MAX_ID_LENGTH)
    throw refused('assertion_without_id')
}

/**
 * Refuses an assertion that was used before, on any node. To be called last: what is refused for something else is not
 * used up by that.
 */
export async function spendAssertion({ assertion, clientId }: NamedAssertion, call: Call): Promise<void> {
  const { jti, exp } = assertion.claims
  const isFirst = await call.services.store.spendAssertion({
    tenant: call.tenant.id,
    signer: clientId,
    // Of any length and any characters, one has as many.
    digest: Buffer.from(sha256(String(jti))).toString('base64url'),
    expiresAt: Math.ceil(Number(exp)) + LEEWAY,
  })
  if (!isFirst) throw refused('assertion_replayed')
}

/**
 * The audience is the issuer of the surface, its token endpoint, or the endpoint that was called, to the letter. Several
 * may be named if each of them is: an assertion that another server may have been given as well is none for here.
 */
function requireAudience(
  { claims }: ClientAssertion,
  endpoint: NamedAssertion['endpoint'],
  call: Call,
): void {
  const { issuer, endpoints } = call.policy
  const ours: readonly unknown[] = endpoints === null ? [] : [issuer, endpoints.token, endpoints[endpoint]]
  const named: readonly unknown[] = Array.isArray(claims.aud) ? claims.aud : [claims.aud]
  if (named.length === 0 || !named.every((audience) => ours.includes(audience)))
    throw refused('assertion_audience')
}

function requireTime({ claims }: ClientAssertion, { now }: Call): void {
  const { exp, nbf = now, iat = now } = claims
  if (typeof exp !== 'number' || typeof nbf !== 'number' || typeof iat !== 'number') {
    throw refused('assertion_without_times')
  }
  if (exp + LEEWAY <= now) throw refused('assertion_expired')
  if (exp > now + LONGEST + LEEWAY) throw refused('assertion_lives_too_long')
  if (nbf > now + LEEWAY || iat > now + LEEWAY) throw refused('assertion_from_the_future')
}

function refused(reason: string): OAuthError {
  return new OAuthError('invalid_client', reason)
}

import { sha256 } from '../crypto/digest.ts'
import { type DpopProof, verifyDpopProof } from '../crypto/dpop-proof.ts'
import { OAuthError } from '../protocol/errors.ts'
import type { Secret } from '../protocol/secret.ts'
import type { Seconds } from '../protocol/time.ts'
import type { ClientRow } from '../store/rows.ts'
import { addNote, type Call } from './call.ts'

/**
 * Proof of possession at the token endpoint: DPoP (RFC 9449 §5). What is issued with a proof is bound to its key.
 * Whatever is wrong with one, the answer is the same `invalid_dpop_proof`; why is only in the reason.
 */

/** How far `iat` may be off, either way. Proofs are made for one request; phones have wrong clocks. */
const WINDOW: Seconds = 60

/** Characters of a proof: room for the largest RSA key and its signature, and an end to the work one can make. */
const MAX_LENGTH = 4096

/** Characters of a `jti`. */
const MAX_ID_LENGTH = 255

/**
 * The proof of a token request, verified but not yet spent; null: it has none, and needs none. To be called when the
 * client is known: whoever is not gets no signature verified.
 */
export function requireProof(
  presented: Secret | null,
  client: ClientRow | null,
  call: Call,
): DpopProof | null {
  if (presented === null) {
    if (client?.dpopBoundAccessTokens === true) throw refused('dpop_proof_missing')
    return null
  }
  const text = presented.reveal()
  // Several headers of the name arrive as one, and a JWS has no comma (RFC 9110 §5.2, RFC 9449 §4.3).
  if (text.includes(',')) throw refused('dpop_proof_repeated')
  if (text.length > MAX_LENGTH) throw refused('dpop_proof_too_long')
  const proof = verifyDpopProof(text)
  requireRequest(proof, call)
  requireTime(proof, call)
  const { jti } = proof.claims
  if (typeof jti !== 'string' || jti === '' || jti.length > MAX_ID_LENGTH) {
    throw refused('dpop_proof_without_id')
  }
  addNote(call.trace, 'dpop')
  return proof
}

/**
 * Refuses a proof that was used before, on any node. To be called last: what is refused for something else is not used
 * up by that.
 */
export async function spendProof({ jkt, claims }: DpopProof, call: Call): Promise<void> {
  const isFirst = await call.services.store.spendAssertion({
    tenant: call.tenant.id,
    signer: jkt,
    // No digest of an assertion has a colon: a client whose id looks like a thumbprint spends no proofs.
    digest: `dpop:${Buffer.from(sha256(String(claims.jti))).toString('base64url')}`,
    expiresAt: Math.floor(Number(claims.iat)) + WINDOW + 1,
  })
  if (!isFirst) throw refused('dpop_proof_replayed')
}

/** RFC 9449 §4.3: the method and the URL of this request, without query and fragment. */
function requireRequest({ claims }: DpopProof, { policy }: Call): void {
  if (claims.htm !== 'POST') throw refused('dpop_proof_method')
  const { htu } = claims
  if (typeof htu !== 'string' || policy.proofUrls?.has(normalized(htu)) !== true) {
    throw refused('dpop_proof_url')
  }
}

/** Host and port, then printable ASCII: nothing that a parser of URLs would leave out or take for a slash. */
const HTTP_URL = /^https?:\/\/[\w.:[\]-]+(?:[/?#][!-[\]-~]*)?$/i

/** As RFC 3986 §6.2.2 and §6.2.3 say: scheme and host in lower case, no default port, no dot segments. */
function normalized(htu: string): string {
  if (!HTTP_URL.test(htu) || !URL.canParse(htu)) return ''
  const url = new URL(htu)
  url.search = ''
  url.hash = ''
  return url.href
}

/** `exp` and `nbf` need not be there; RFC 7519 §4.1 wants them minded if they are. */
function requireTime({ claims }: DpopProof, { now }: Call): void {
  const { iat, exp = now + 1, nbf = now } = claims
  if (typeof iat !== 'number' || typeof exp !== 'number' || typeof nbf !== 'number') {
    throw refused('dpop_proof_without_time')
  }
  if (iat < now - WINDOW || exp <= now) throw refused('dpop_proof_expired')
  if (iat > now + WINDOW || nbf > now + WINDOW) throw refused('dpop_proof_from_the_future')
}

function refused(reason: string): OAuthError {
  return new OAuthError('invalid_dpop_proof', reason)
}

import { type Elsewhere, findGrant, type Grant, type GrantContext } from '../grants/index.ts'
import { missingParameter, OAuthError } from '../protocol/errors.ts'
import type { TokenRequest, TokenResponse } from '../protocol/token.ts'
import type { ClientRow, TokenRow } from '../store/rows.ts'
import { tokenId } from '../store/token-id.ts'
import { requestEvent } from './audit.ts'
import type { Call } from './call.ts'
import { authenticateClient } from './client-authentication.ts'
import { requireProof, spendProof } from './dpop.ts'
import { refuseUserInBrownOut } from './ending.ts'
import { issue } from './issue.ts'
import { checkPassword } from './password-check.ts'
import { findPresentedToken } from './presented-token.ts'
import { endReplaced } from './replaced-token.ts'
import type { Relayed } from './upstream.ts'
import { loginUpstream } from './upstream-login.ts'
import { refreshUpstream } from './upstream-refresh.ts'

/** How often a request decides anew because another one spent its refresh token meanwhile. */
const ATTEMPTS = 3

/**
 * The token endpoint (RFC 6749 §3.2), the phases all grants share:
 * 1. which grant, and is it on here; 2. who is the client; 3. may the client use the grant, and which key has it;
 * 4. what does the grant decide, and is it the user's time; 5. one write, and one before it for a proof.
 */
export async function requestToken(request: TokenRequest, call: Call): Promise<TokenResponse | Relayed> {
  const grant = requireGrant(request, call)
  const context = grantContext(call)
  let presented = call.policy.credentialBeforeClient ? await grant.read(request, context) : null
  const client = await authenticateClient(request.client, call)
  requireGrantOfClient(client, grant)
  const proof = requireProof(request.dpopProof ?? null, client, call)
  const jkt = proof?.jkt ?? null
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    presented ??= await grant.read(request, context)
    const decision = await presented.decide(client, jkt)
    if (decision.kind === 'elsewhere') return await decideElsewhere(decision, request, call)
    if (decision.kind === 'authorized' && decision.user !== null)
      refuseUserInBrownOut(decision.user, call.policy, call.now)
    // Of a reuse as well: whoever has recorded a request has no key, and must not be able to end a family.
    if (proof !== null && attempt === 0) await spendProof(proof, call)
    if (decision.kind === 'reuse') return await refuseReuse(decision.row, call)
    const response = await issue(decision, jkt, call)
    if (response !== null) {
      if ('presented' in decision.refresh) await endReplaced(decision.refresh.presented.row, call)
      call.trace.scope = response.scope
      call.trace.expiresIn = response.expiresIn
      return response
    }
    // Another request spent the same refresh token first. What is true now decides: mostly a replay.
    presented = null
  }
  throw new OAuthError('temporarily_unavailable', 'refresh_contention', { retryAfter: 1 })
}

function requireGrant(request: TokenRequest, call: Call): Grant {
  if (request.grantType === '') throw missingParameter('grant_type', request.state)
  const grant = findGrant(request.grantType)
  if (grant === null || !call.policy.grants.includes(grant.type)) {
    const reason = grant === null ? 'unknown_grant_type' : 'grant_type_off'
    throw new OAuthError('unsupported_grant_type', reason, { state: request.state })
  }
  call.trace.grant = grant.type
  return grant
}

function requireGrantOfClient(client: ClientRow | null, grant: Grant): void {
  // What a refresh needs depends on the login it goes back to: see `mayRefresh`.
  if (client === null || grant.type === 'refresh_token') return
  if (!client.grants.includes(grant.type)) {
    throw new OAuthError('unauthorized_client', 'grant_not_allowed_for_client')
  }
}

async function decideElsewhere({ user }: Elsewhere, request: TokenRequest, call: Call): Promise<Relayed> {
  return call.trace.grant === 'password'
    ? await loginUpstream(request, user, call)
    : await refreshUpstream(request, call)
}

/** A reused refresh token takes its whole family along, before the request is refused. */
async function refuseReuse({ key }: TokenRow, call: Call): Promise<never> {
  const refusal = new OAuthError('invalid_grant', 'refresh_token_reused')
  const event = requestEvent(call, 'reuse', tokenId(key), null, refusal)
  await call.services.store.revokeFamily(key, call.now, event)
  throw refusal
}

function grantContext(call: Call): GrantContext {
  const { store } = call.services
  return {
    tenant: call.tenant,
    policy: call.policy,
    now: call.now,
    store,
    upstream: call.upstream ?? null,
    checkPassword: (presented) => checkPassword(presented, call),
    findPresentedToken: (text) => findPresentedToken(text, call.tenant.id, store),
    note: (fact, value) => {
      call.trace[fact] = value
    },
  }
}

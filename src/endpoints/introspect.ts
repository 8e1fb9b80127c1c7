import { OAuthError } from '../protocol/errors.ts'
import { INACTIVE, type Introspection, type IntrospectionRequest } from '../protocol/introspection.ts'
import type { ClientRow } from '../store/rows.ts'
import type { Call } from './call.ts'
import { authenticateConfidentialClient } from './client-authentication.ts'
import { type InspectedToken, inspectToken, noteMoved, noteSeen } from './inspect.ts'
import { askUpstream, isTokenElsewhere, type Relayed } from './upstream.ts'
import { endOfClientHere } from './upstream-client.ts'

/** Who asks: an authenticated client, or the holder of another token. */
type Caller = { readonly client: ClientRow } | { readonly bearer: InspectedToken }

/**
 * Token introspection (RFC 7662). A token that is not live, or that the caller may not ask about, is just
 * inactive: RFC 7662 §2.2, "the authorization server MUST NOT reveal additional information".
 */
export async function introspect(
  request: IntrospectionRequest,
  call: Call,
): Promise<Introspection | Relayed> {
  const caller = await authenticateCaller(request, call)
  const token = request.token === '' ? null : await inspectToken(request.token, call)
  if (token === null && 'client' in caller && (await isTokenElsewhere(request.token, call))) {
    return await introspectElsewhere(request, call)
  }
  if (token === null || token.state !== 'live' || !mayAskAbout(caller, token, call)) return INACTIVE
  // A surface that can't say to which key a token is bound would pass it off as a bearer token.
  if (token.jkt !== null && call.policy.proofUrls === undefined) return INACTIVE
  await noteSeen(token, call)
  noteMoved(token, call)
  const holder = token.user ?? token.client
  return {
    active: true,
    kind: token.kind,
    scope: token.scope,
    clientId: token.clientId,
    username: token.user?.username ?? null,
    subject: holder?.id ?? '',
    issuer: token.issuer,
    audience: token.kind === 'access' ? token.audience : null,
    issuedAt: token.issuedAt,
    expiresAt: token.expiresAt,
    accessExpiresAt: token.kind === 'access' ? token.expiresAt : (token.row?.accessExpiresAt ?? null),
    jwtId: token.jwtId,
    jkt: token.jkt,
    roles: holder?.roles ?? [],
    claims: holder?.claims ?? {},
  }
}

/** Whose token it is only the other server knows, but not which clients were ended here. */
async function introspectElsewhere(
  { client, token }: IntrospectionRequest,
  call: Call,
): Promise<Introspection | Relayed> {
  const answer = await askUpstream({ kind: 'introspection', client, token }, call)
  if (answer.kind !== 'answered') return INACTIVE
  const { client_id: id, iat } = answer.content
  return (await endOfClientHere(id, iat, call)) === null ? answer : INACTIVE
}

async function authenticateCaller(request: IntrospectionRequest, call: Call): Promise<Caller> {
  if (request.bearer === null) return { client: await authenticateConfidentialClient(request.client, call) }
  const text = request.bearer.reveal()
  const bearer = text === request.token ? null : await inspectToken(text, call)
  // "The token itself" is no authorization to ask about it.
  if (
    bearer === null ||
    bearer.kind !== 'access' ||
    bearer.state !== 'live' ||
    bearer.policy !== call.policy
  ) {
    throw new OAuthError('invalid_token', 'bearer_not_accepted')
  }
  // Who shows it has received it.
  await noteSeen(bearer, call)
  noteMoved(bearer, call)
  return { bearer }
}

function mayAskAbout(caller: Caller, token: InspectedToken, call: Call): boolean {
  if ('client' in caller && caller.client.introspect === 'any') return true
  if (token.policy !== call.policy) return false
  if (token.clientId === null && call.policy.introspectClientless) return true
  return (
    token.clientId !== null &&
    token.clientId === ('client' in caller ? caller.client.id : caller.bearer.clientId)
  )
}

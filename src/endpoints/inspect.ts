import { sha256 } from '../crypto/digest.ts'
import { tokenKeyOfJwtId } from '../crypto/opaque-token.ts'
import { allowedScope, ineligibility } from '../grants/index.ts'
import { looksLikeJwt } from '../protocol/jwt.ts'
import type { SurfacePolicy } from '../protocol/policy.ts'
import type { Scope } from '../protocol/scope.ts'
import type { EpochSeconds } from '../protocol/time.ts'
import { isReplacement } from '../store/imported-rows.ts'
import type { ClientRow, TokenRow, UserRow } from '../store/rows.ts'
import { addNote, type Call } from './call.ts'
import { boundTo, originOfJwt } from './jwt-origin.ts'
import {
  accessTokenState,
  findPresentedToken,
  refreshTokenState,
  type TokenState,
} from './presented-token.ts'
import { endReplaced } from './replaced-token.ts'

/** What can stand in the list of denied JWTs; ours always can. */
const STORABLE_ID = /^[\x21-\x7e]{1,255}$/

/** The truth about a token somebody shows, as of now: whose it is, and whether it still counts. */
export interface InspectedToken {
  readonly kind: 'access' | 'refresh'
  readonly state: TokenState
  /** The stored row; null for a JWT that has none. */
  readonly row: TokenRow | null
  readonly policy: SurfacePolicy
  /** The surface's own, or of a JWT that another system signed, that one's. */
  readonly issuer: string
  readonly audience: string
  readonly user: UserRow | null
  readonly client: ClientRow | null
  readonly userId: string | null
  readonly clientId: string | null
  /** Without what user or client have lost since the issue. */
  readonly scope: Scope
  readonly issuedAt: EpochSeconds
  readonly expiresAt: EpochSeconds | null
  readonly jwtId: string | null
  /** Thumbprint of the key that it is bound to, if it is an access token; null: to none. */
  readonly jkt: string | null
}

/** Null: no token of this tenant. Otherwise `state` says whether it is live, its holders' state included. */
export async function inspectToken(text: string, call: Call): Promise<InspectedToken | null> {
  return looksLikeJwt(text) ? await inspectJwt(text, call) : await inspectOpaque(text, call)
}

async function inspectOpaque(text: string, call: Call): Promise<InspectedToken | null> {
  const presented = await findPresentedToken(text, call.tenant.id, call.services.store)
  if (presented === null || presented.row.tenant !== call.tenant.id) return null
  const { row, kind } = presented
  const policy = call.tenant.surfaces.get(row.surface)
  if (policy === undefined) return null
  const holders = await findHolders(row.userId, row.clientId, call)
  const state = kind === 'access' ? accessTokenState(row, call.now) : refreshTokenState(row, call.now)
  return {
    kind,
    state: heldState(
      state,
      { ...holders, userId: row.userId, clientId: row.clientId, issuedAt: row.issuedAt },
      policy,
    ),
    row,
    policy,
    issuer: policy.issuer,
    audience: policy.audience,
    ...holders,
    userId: row.userId,
    clientId: row.clientId,
    scope: allowedScope(kind === 'access' ? row.accessScope : row.scope, holders, policy),
    issuedAt: row.issuedAt,
    expiresAt: kind === 'access' ? row.accessExpiresAt : row.refreshExpiresAt,
    jwtId: null,
    jkt: kind === 'access' ? row.jkt : null,
  }
}

/** As `inspectToken`, for what can only be a JWT. */
export async function inspectJwt(text: string, call: Call): Promise<InspectedToken | null> {
  const jwt = await call.services.keys.verify(call.tenant.id, text)
  if (jwt === null) return null
  const { claims } = jwt
  const { sub, iat, exp, jti, client_id: client } = claims
  if (typeof sub !== 'string' || typeof iat !== 'number' || typeof exp !== 'number') return null
  const origin = originOfJwt(jwt, call.tenant, call.now)
  if (origin === null) return null
  const { policy } = origin
  const clientId = typeof client === 'string' ? client : null
  // A client's own token names the client as its subject (RFC 9068 §2.2); the two name spaces are disjoint.
  const userId = sub === clientId ? null : sub
  const holders = await findHolders(userId, clientId, call)
  const jwtId = typeof jti === 'string' && STORABLE_ID.test(jti) ? jti : null
  // The `jti` of another system names no row of ours, whatever it looks like.
  const ofUs = jwt.imported === undefined
  const { row, revoked } = await findRevocation(text, jwtId, ofUs ? policy : null, call)
  const state = revoked ? 'revoked' : exp <= call.now ? 'expired' : 'live'
  const scope = typeof claims.scope === 'string' ? claims.scope.split(' ') : []
  return {
    kind: 'access',
    state: heldState(state, { ...holders, userId, clientId, issuedAt: iat }, policy),
    row,
    ...origin,
    ...holders,
    userId,
    clientId,
    scope: allowedScope(scope, holders, policy),
    issuedAt: iat,
    expiresAt: exp,
    jwtId,
    jkt: boundTo(claims.cnf),
  }
}

/**
 * A JWT that stands beside a refresh token ends with its row; any other by being denied. Null: it is of no surface of
 * ours.
 */
async function findRevocation(
  text: string,
  jwtId: string | null,
  policy: SurfacePolicy | null,
  call: Call,
): Promise<{ row: TokenRow | null; revoked: boolean }> {
  const { store } = call.services
  const key = jwtId === null || policy === null ? null : tokenKeyOfJwtId(jwtId)
  if (key !== null) {
    const row = await store.findToken(key)
    const lost = row === null || row.tenant !== call.tenant.id || row.surface !== policy?.surface
    return { row: lost ? null : row, revoked: lost || row.revokedAt !== null || row.supersededAt !== null }
  }
  return { row: null, revoked: await store.isJwtDenied(call.tenant.id, jwtDenialId(text, jwtId)) }
}

/**
 * How a JWT without a row is named in the list of denied ones. Without its signature: an ECDSA signature has a second
 * valid spelling, which must not be another token.
 */
export function jwtDenialId(text: string, jwtId: string | null): string {
  const signed = text.slice(0, text.lastIndexOf('.'))
  return jwtId ?? `sha256:${Buffer.from(sha256(signed)).toString('base64url')}`
}

async function findHolders(
  userId: string | null,
  clientId: string | null,
  call: Call,
): Promise<{ user: UserRow | null; client: ClientRow | null }> {
  const { store } = call.services
  const user = userId === null ? null : await store.findUser(call.tenant.id, userId)
  const client = clientId === null ? null : await store.findClient(call.tenant.id, clientId)
  return { user, client }
}

function heldState(
  state: TokenState,
  holder: Parameters<typeof ineligibility>[0],
  policy: SurfacePolicy,
): TokenState {
  return state === 'live' && ineligibility(holder, policy) !== null ? 'revoked' : state
}

/**
 * Under `rotate-on-first-use` the parent of a token ends when the token is first seen. Not being able to note that
 * must not make a true answer fail: the parent then only lives on until the next time.
 */
export async function noteSeen(token: InspectedToken, call: Call): Promise<void> {
  const { row, policy } = token
  if (token.kind !== 'access' || token.state !== 'live' || row === null) return
  if (row.parent === null || row.seenAt !== null) return
  if (policy.refresh !== 'rotate-on-first-use' && !isReplacement(row)) return
  await endReplaced(row, call)
  try {
    await call.services.store.markSeen(row.key, row.parent, call.now)
  } catch {
    addNote(call.trace, 'first use not stored')
  }
}

/**
 * Has a live token counted by its user where an integration has moved from the login to a client: what it still does with
 * tokens of the login has to be over before the user is disabled. Those of everybody else would be too many to count.
 */
export function noteMoved({ user }: InspectedToken, { trace }: Call): void {
  if (user?.successor !== undefined) trace.user = user.id
}

import { sameBytes, sha256 } from '../crypto/digest.ts'
import { createJwtId, createOpaqueToken, deriveSuccessors, type Successors } from '../crypto/opaque-token.ts'
import type { Authorization, RefreshDecision } from '../grants/index.ts'
import { OAuthError } from '../protocol/errors.ts'
import type { AccessTokenSubject } from '../protocol/jwt.ts'
import { formatScope } from '../protocol/scope.ts'
import type { EpochSeconds, Seconds } from '../protocol/time.ts'
import type { TokenResponse } from '../protocol/token.ts'
import { isLargeScope, MAX_JWT_LENGTH } from '../protocol/token-size.ts'
import type { AuditEvent } from '../store/audit.ts'
import type { TokenKey, TokenRow } from '../store/rows.ts'
import type { Extension, IssueWrite } from '../store/store.ts'
import { tokenId } from '../store/token-id.ts'
import { issueType, requestEvent } from './audit.ts'
import { addNote, type Call } from './call.ts'

/** What an authorization is going to say and store; everything but the signature. */
interface Draft {
  readonly key: TokenKey | null
  readonly issuedAt: EpochSeconds
  readonly accessExpiresAt: EpochSeconds
  readonly format: 'jwt' | 'opaque'
  /** The opaque access token or the JWT's `jti`. */
  readonly access: string
  readonly refresh: string | null
  /** Thumbprint of the key that both are bound to; null: to none. */
  readonly jkt: string | null
}

/**
 * Turns an authorization into tokens with at most one write. Null: the refresh token was spent by another request
 * since it was read, and nothing was written.
 */
export async function issue(
  authorization: Authorization,
  jkt: string | null,
  call: Call,
): Promise<TokenResponse | null> {
  const draft =
    authorization.refresh.kind === 'replay'
      ? replayed(authorization.refresh, call)
      : drafted(authorization, jkt, call)
  // Whatever can fail comes before the write: what is refused has changed nothing.
  const accessToken = draft.format === 'opaque' ? draft.access : await signed(authorization, draft, call)
  const rehash = authorization.rehash === null ? null : await rehashed(authorization.rehash, call)
  const event = eventOf(authorization, draft, call)
  const write = writeOf(authorization, draft, rehash, event, call)
  if (write === null) {
    if (event !== null) call.services.store.noteEvent(event)
  } else if ((await call.services.store.issue(write)) === 'lost') return null
  if (authorization.refresh.kind === 'replay') addNote(call.trace, 'replayed')
  else if (write !== null && write.rehash !== null) addNote(call.trace, 'rehashed')
  return {
    accessToken,
    tokenType: draft.jkt === null ? 'Bearer' : 'DPoP',
    expiresIn: Math.max(0, draft.accessExpiresAt - Math.max(draft.issuedAt, call.now)),
    refreshToken: draft.refresh,
    scope: authorization.accessScope,
    issuedAt: draft.issuedAt,
  }
}

function drafted(authorization: Authorization, jkt: string | null, call: Call): Draft {
  const { services, policy } = call
  const { refresh, client, user } = authorization
  const format = policy.accessToken === 'per-client' ? (client?.accessToken ?? 'jwt') : policy.accessToken
  // Tokens of this very second must outlive a revocation of everything issued up to it.
  const issuedAt = Math.max(call.now, user?.tokensValidAfter ?? 0, client?.tokensValidAfter ?? 0)
  const accessExpiresAt = issuedAt + authorization.expiresIn
  const key =
    format === 'opaque' || refresh.kind === 'first' || refresh.kind === 'rotate'
      ? services.store.nextKey('presented' in refresh ? refresh.presented.row.key : undefined)
      : null
  const { access, refresh: refreshToken } =
    refresh.kind === 'rotate' && key !== null
      ? successorsOf(refresh.presented.text, key, format, call)
      : drawn(key, format, refresh, call)
  return { key, issuedAt, accessExpiresAt, format, access, refresh: refreshToken, jkt }
}

function drawn(
  key: TokenKey | null,
  format: Draft['format'],
  refresh: RefreshDecision,
  { services, policy }: Call,
): Pick<Draft, 'access' | 'refresh'> {
  const { random } = services
  const opaqueToken = (ofRow: TokenKey) => createOpaqueToken(ofRow, policy.tokenLength, random)
  if (refresh.kind === 'keep') {
    const { row, text } = refresh.presented
    // A JWT beside a refresh token names its row, so that the end of the one is the end of the other.
    return { access: key === null ? createJwtId(row.key, random) : opaqueToken(key), refresh: text }
  }
  return {
    access: format === 'opaque' && key !== null ? opaqueToken(key) : createJwtId(key, random),
    refresh: refresh.kind === 'first' && key !== null ? opaqueToken(key) : null,
  }
}

/** The very tokens that were answered before: derived again, or for a JWT with the same `jti`, `iat`, `exp` and `cnf`. */
function replayed({ successor, presented }: Extract<RefreshDecision, { kind: 'replay' }>, call: Call): Draft {
  const format = successor.accessHash === null ? 'jwt' : 'opaque'
  const { access, refresh } = successorsOf(presented.text, successor.key, format, call)
  // Derived with another key it would be a token that nobody has ever issued.
  if (successor.refreshHash === null || !sameBytes(successor.refreshHash, sha256(refresh))) {
    throw new OAuthError('invalid_grant', 'successor_of_another_rotation_key')
  }
  return {
    key: successor.key,
    issuedAt: successor.issuedAt,
    accessExpiresAt: successor.accessExpiresAt ?? call.now,
    format,
    access,
    refresh,
    jkt: successor.jkt,
  }
}

function successorsOf(
  parent: string,
  key: TokenKey,
  format: Draft['format'],
  { services, policy }: Call,
): Successors {
  return deriveSuccessors(key, policy.tokenLength, format, parent, services.rotationKey)
}

/** The one write of the request; null if there is nothing to write. */
function writeOf(
  authorization: Authorization,
  draft: Draft,
  rehash: IssueWrite['rehash'],
  event: AuditEvent | null,
  call: Call,
): IssueWrite | null {
  const { refresh } = authorization
  if (refresh.kind === 'replay') return null
  const row = draft.key === null ? null : rowOf(authorization, draft, draft.key, call)
  const extend = refresh.kind === 'keep' ? extension(refresh.presented.row, draft, call) : null
  if (row === null && rehash === null && extend === null) return null
  return {
    spend: refresh.kind === 'rotate' ? { key: refresh.presented.row.key, now: call.now } : null,
    extend,
    row,
    rehash,
    event,
  }
}

/** What the audit log is told: the row, or the `jti` where there is none, and the scope. Null: nothing. */
function eventOf({ refresh, accessScope }: Authorization, draft: Draft, call: Call): AuditEvent | null {
  const type = issueType(call)
  if (type === null) return null
  const object = draft.key === null ? draft.access : tokenId(draft.key)
  const details = refresh.kind === 'replay' ? 'replayed' : formatScope(accessScope) || null
  return requestEvent(call, type, object, details, null)
}

/** A stronger hash of a password that was just proved; a login never waits or fails for want of one. */
async function rehashed(
  { userId, from, password }: NonNullable<Authorization['rehash']>,
  call: Call,
): Promise<IssueWrite['rehash']> {
  try {
    return { tenant: call.tenant.id, userId, from, to: await call.services.passwords.hash(password, call) }
  } catch (thrown) {
    if (thrown instanceof OAuthError && thrown.code === 'temporarily_unavailable') return null
    throw thrown
  }
}

function rowOf(authorization: Authorization, draft: Draft, key: TokenKey, call: Call): TokenRow {
  const { refresh } = authorization
  const parent = refresh.kind === 'rotate' || refresh.kind === 'keep' ? refresh.presented.row : null
  const holdsRefresh = refresh.kind === 'first' || refresh.kind === 'rotate'
  const familyExpiresAt =
    parent === null ? after(draft.issuedAt, call.policy.refreshExpiresIn) : parent.familyExpiresAt
  return {
    key,
    tenant: call.tenant.id,
    surface: call.policy.surface,
    clientId: authorization.client?.id ?? null,
    userId: authorization.user?.id ?? null,
    grantType: authorization.grantType,
    scope: authorization.scope,
    accessScope: authorization.accessScope,
    issuedAt: draft.issuedAt,
    accessHash: draft.format === 'opaque' ? sha256(draft.access) : null,
    accessExpiresAt: draft.accessExpiresAt,
    refreshHash: holdsRefresh && draft.refresh !== null ? sha256(draft.refresh) : null,
    refreshExpiresAt: holdsRefresh
      ? earlier(familyExpiresAt, after(draft.issuedAt, call.policy.refreshIdleExpiresIn))
      : null,
    familyExpiresAt: holdsRefresh ? familyExpiresAt : null,
    family: parent === null ? null : (parent.family ?? parent.key),
    parent: parent?.key ?? null,
    successor: null,
    spentAt: null,
    supersededAt: null,
    seenAt: null,
    revokedAt: null,
    jkt: draft.jkt,
  }
}

/**
 * A kept refresh token with an idle limit lives on, and its row must outlive the JWTs that name it: a JWT whose row
 * is gone counts as revoked. Null if neither changes, so that most refreshes write nothing.
 */
function extension(row: TokenRow, draft: Draft, { now, policy }: Call): Extension | null {
  const refreshExpiresAt = earlier(row.familyExpiresAt, after(now, policy.refreshIdleExpiresIn))
  const isNamed = draft.format === 'jwt' && policy.jwt.namesRow
  const accessExpiresAt = isNamed ? later(row.accessExpiresAt, draft.accessExpiresAt) : row.accessExpiresAt
  if (refreshExpiresAt === row.refreshExpiresAt && accessExpiresAt === row.accessExpiresAt) return null
  return { key: row.key, refreshExpiresAt, accessExpiresAt }
}

function after(start: EpochSeconds, life: Seconds | null): EpochSeconds | null {
  return life === null ? null : start + life
}

function earlier(one: EpochSeconds | null, other: EpochSeconds | null): EpochSeconds | null {
  if (one === null) return other
  return other === null ? one : Math.min(one, other)
}

function later(one: EpochSeconds | null, other: EpochSeconds): EpochSeconds | null {
  return one === null ? null : Math.max(one, other)
}

async function signed(authorization: Authorization, draft: Draft, call: Call): Promise<string> {
  const { tenant, policy } = call
  const { client, user } = authorization
  const holder = user ?? client
  const subject: AccessTokenSubject = {
    tenant: tenant.id,
    issuer: policy.issuer,
    audience: policy.audience,
    issuedAt: draft.issuedAt,
    expiresAt: draft.accessExpiresAt,
    jwtId: draft.access,
    jkt: draft.jkt,
    grantType: authorization.grantType,
    scope: authorization.accessScope,
    subject: holder?.id ?? '',
    clientId: client?.id ?? null,
    roles: holder?.roles ?? [],
    claims: holder?.claims ?? {},
  }
  const algorithm = policy.signingAlgorithm ?? tenant.signingAlgorithm
  const jwt = await call.services.keys.sign(tenant.id, algorithm, policy.jwt.typ, policy.jwt.claims(subject))
  if (jwt.length <= MAX_JWT_LENGTH) return jwt
  const cause = new Error(
    `the claims and scope of ${subject.subject} make a token of ${jwt.length} characters`,
  )
  if (!isLargeScope(subject.scope)) throw new OAuthError('server_error', 'token_too_large', { cause })
  const description = 'The scope does not fit into a token. Request a smaller one.'
  throw new OAuthError('invalid_scope', 'token_too_large', { description, cause })
}

import type { SurfaceName } from '../../protocol/policy.ts'
import { formatScope } from '../../protocol/scope.ts'
import type { EpochSeconds } from '../../protocol/time.ts'
import { epochSeconds } from '../../protocol/time.ts'
import type { GrantType } from '../../protocol/token.ts'
import { refreshEnd } from '../../store/ends.ts'
import type { ClientRow, TokenKey, TokenRow, UserRow } from '../../store/rows.ts'
import { tokenId } from '../../store/token-id.ts'
import { AdminError, invalid } from './admin-error.ts'
import { changeRow, notFound } from './change-row.ts'
import { endOfAllTokens, endOfTokens } from './end-of-tokens.ts'
import { eventOf, type Listed, type Operations } from './operations.ts'
import { requireTenant } from './require-tenant.ts'

/**
 * - `revoked`: it was revoked, alone or with all tokens of its user or client, or these are disabled or deleted.
 * - `spent`: its refresh token has a successor.
 * - `expired`: neither the access token nor the refresh token can be used any more.
 */
export type TokenState = 'active' | 'spent' | 'revoked' | 'expired'

/** What was issued in one answer, as operators see it: an access token, a refresh token or both. */
export interface TokenResource {
  /** Names the row; with it nobody can make the token. */
  readonly id: string
  readonly surface: SurfaceName
  readonly grant: GrantType
  readonly user: string | null
  readonly client: string | null
  /** Space-separated (RFC 6749 §3.3). */
  readonly scope: string
  readonly issuedAt: EpochSeconds
  /** When the access token expires; null: never, or there is none. */
  readonly expiresAt: EpochSeconds | null
  /** When the refresh token expires; null: never, or there is none. */
  readonly refreshExpiresAt: EpochSeconds | null
  readonly state: TokenState
  /** The id of its family's first member, which may be itself. */
  readonly family: string
}

export interface TokenFilter {
  readonly user: string | null
  readonly client: string | null
}

/** Newest first. JWTs of client credentials are not stored, so they are not here. Throws `not_found` (tenant). */
export async function listTokens(
  operations: Operations,
  tenant: string,
  { user, client }: TokenFilter,
  page: { readonly before: TokenKey | null; readonly limit: number },
): Promise<Listed<TokenResource, TokenKey>> {
  await requireTenant(operations, tenant)
  const query = { tenant, userId: user, clientId: client, ...page }
  const { rows, next } = await operations.store.listTokens(query)
  const holders = await findHolders(operations, tenant, rows)
  const now = epochSeconds(operations.clock)
  return { items: rows.map((row) => toTokenResource(row, holders, now)), next }
}

/** Whose tokens to revoke. */
export interface RevocationInput {
  readonly user?: string | null | undefined
  readonly client?: string | null | undefined
}

/**
 * Revokes every token the user has, every token the client has, or both, of any kind and surface: those issued
 * before this call returns are dead when it does. Throws `invalid` if neither is named, `not_found`, `changed`.
 */
export async function revokeTokens(
  operations: Operations,
  tenant: string,
  { user, client }: RevocationInput,
): Promise<void> {
  await requireTenant(operations, tenant)
  if (user == null && client == null) {
    throw new AdminError('invalid', 'Name a user, a client or both.', [
      { path: '', message: 'must name a user, a client or both' },
    ])
  }
  const { store } = operations
  const changes: (() => Promise<unknown>)[] = []
  if (user != null) {
    if ((await store.findUser(tenant, user)) === null) throw notFound('user')
    const find = () => store.findUser(tenant, user)
    const event = eventOf(operations, 'user.end_tokens', { tenant, user })
    const save = (row: UserRow) => store.updateUser(row, event)
    changes.push(() => changeRow({ noun: 'user', find, change: (row) => ended('user', row), save }, {}))
  }
  if (client != null) {
    if ((await store.findClient(tenant, client)) === null) throw notFound('client')
    const find = () => store.findClient(tenant, client)
    const event = eventOf(operations, 'client.end_tokens', { tenant, client })
    const save = (row: ClientRow) => store.updateClient(row, event)
    changes.push(() => changeRow({ noun: 'client', find, change: (row) => ended('client', row), save }, {}))
  }
  for (const change of changes) await change()

  async function ended<Row extends UserRow | ClientRow>(kind: 'user' | 'client', row: Row): Promise<Row> {
    return { ...row, tokensValidAfter: await endOfTokens(operations, kind, row) }
  }
}

/**
 * Ends every token of a tenant that was issued before a time, or until this call (`now`): of any kind and surface, of
 * users and clients that this database has never heard of, too. They are dead when it returns, and stay so; of several
 * times the latest counts. For databases that were restored: what they do not know must not live on. Answers with the
 * time. Throws `not_found` (tenant) and `invalid` for a time to come, which new tokens would have to wait for.
 */
export async function revokeTokensBefore(
  operations: Operations,
  tenant: string,
  issuedBefore: EpochSeconds | 'now',
): Promise<EpochSeconds> {
  await requireTenant(operations, tenant)
  const end = issuedBefore === 'now' ? await endOfAllTokens(operations, tenant) : issuedBefore
  if (issuedBefore !== 'now' && end > epochSeconds(operations.clock)) {
    throw invalid('revocation', [{ path: 'issuedBefore', message: 'must not be in the future' }])
  }
  const details = `issued before ${new Date(end * 1000).toISOString()}`
  await operations.store.endTokens(tenant, end, eventOf(operations, 'tenant.end_tokens', { tenant, details }))
  return end
}

/** Users and clients by id, as far as they exist. */
interface Holders {
  readonly users: ReadonlyMap<string, UserRow>
  readonly clients: ReadonlyMap<string, ClientRow>
}

async function findHolders(
  { store }: Operations,
  tenant: string,
  rows: readonly TokenRow[],
): Promise<Holders> {
  const users = new Map<string, UserRow>()
  const clients = new Map<string, ClientRow>()
  for (const id of new Set(rows.map(({ userId }) => userId))) {
    const user = id === null ? null : await store.findUser(tenant, id)
    if (user !== null) users.set(user.id, user)
  }
  for (const id of new Set(rows.map(({ clientId }) => clientId))) {
    const client = id === null ? null : await store.findClient(tenant, id)
    if (client !== null) clients.set(client.id, client)
  }
  return { users, clients }
}

function toTokenResource(row: TokenRow, holders: Holders, now: EpochSeconds): TokenResource {
  return {
    id: tokenId(row.key),
    surface: row.surface,
    grant: row.grantType,
    user: row.userId,
    client: row.clientId,
    scope: formatScope(row.scope),
    issuedAt: row.issuedAt,
    expiresAt: row.accessExpiresAt,
    refreshExpiresAt: refreshEnd(row),
    state: stateOf(row, holders, now),
    family: tokenId(row.family ?? row.key),
  }
}

function stateOf(row: TokenRow, { users, clients }: Holders, now: EpochSeconds): TokenState {
  const isHeld =
    (row.userId === null || mayHold(users.get(row.userId), row)) &&
    (row.clientId === null || mayHold(clients.get(row.clientId), row))
  if (row.revokedAt !== null || !isHeld) return 'revoked'
  if (row.spentAt !== null) return 'spent'
  return isAccessLive(row, now) || isRefreshLive(row, now) ? 'active' : 'expired'
}

function mayHold(holder: UserRow | ClientRow | undefined, row: TokenRow): boolean {
  return holder !== undefined && !holder.disabled && row.issuedAt >= holder.tokensValidAfter
}

function isAccessLive(row: TokenRow, now: EpochSeconds): boolean {
  if (row.supersededAt !== null) return false
  return row.accessExpiresAt === null ? row.accessHash !== null : row.accessExpiresAt > now
}

function isRefreshLive(row: TokenRow, now: EpochSeconds): boolean {
  if (row.refreshHash === null) return false
  const end = refreshEnd(row)
  return end === null || end > now
}

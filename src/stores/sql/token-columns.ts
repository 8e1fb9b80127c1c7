import type { SurfaceName } from '../../protocol/policy.ts'
import { formatScope, type Scope } from '../../protocol/scope.ts'
import type { GrantType } from '../../protocol/token.ts'
import type { TokenRow } from '../../store/rows.ts'
import type { SqlRow } from './operation.ts'

/** The columns of the table `tokens` that are written, in the order of `TokenColumns`. */
export const TOKEN_COLUMNS =
  'key, tenant, surface, client_id, user_id, grant_type, scope, access_scope, issued_at, ' +
  'access_hash, access_expires_at, refresh_hash, refresh_expires_at, family_expires_at, ' +
  'family, parent, successor, spent_at, superseded_at, seen_at, revoked_at, jkt'

export type TokenColumns = readonly [
  key: number,
  tenant: string,
  surface: string,
  clientId: string | null,
  userId: string | null,
  grantType: string,
  scope: string,
  accessScope: string | null,
  issuedAt: number,
  accessHash: Uint8Array | null,
  accessExpiresAt: number | null,
  refreshHash: Uint8Array | null,
  refreshExpiresAt: number | null,
  familyExpiresAt: number | null,
  family: number | null,
  parent: number | null,
  successor: number | null,
  spentAt: number | null,
  supersededAt: number | null,
  seenAt: number | null,
  revokedAt: number | null,
  jkt: string | null,
]

export function tokenToColumns(row: TokenRow): TokenColumns {
  const scope = formatScope(row.scope)
  const accessScope = formatScope(row.accessScope)
  return [
    row.key,
    row.tenant,
    row.surface,
    row.clientId,
    row.userId,
    row.grantType,
    scope,
    // Nearly always the same: then it takes no room.
    accessScope === scope ? null : accessScope,
    row.issuedAt,
    row.accessHash,
    row.accessExpiresAt,
    row.refreshHash,
    row.refreshExpiresAt,
    row.familyExpiresAt,
    row.family,
    row.parent,
    row.successor,
    row.spentAt,
    row.supersededAt,
    row.seenAt,
    row.revokedAt,
    row.jkt,
  ]
}

export function tokenFromColumns(columns: SqlRow): TokenRow {
  const token = columns as TokenColumns
  const scope = scopeFromColumn(token[6])
  return {
    key: token[0],
    tenant: token[1],
    surface: token[2] as SurfaceName,
    clientId: token[3],
    userId: token[4],
    grantType: token[5] as GrantType,
    scope,
    accessScope: token[7] === null ? scope : scopeFromColumn(token[7]),
    issuedAt: token[8],
    accessHash: token[9],
    accessExpiresAt: token[10],
    refreshHash: token[11],
    refreshExpiresAt: token[12],
    familyExpiresAt: token[13],
    family: token[14],
    parent: token[15],
    successor: token[16],
    spentAt: token[17],
    supersededAt: token[18],
    seenAt: token[19],
    revokedAt: token[20],
    jkt: token[21],
  }
}

/** A scope as it is stored: its tokens, which hold no space, with a space between them. */
export function scopeFromColumn(text: string): Scope {
  return text === '' ? [] : text.split(' ')
}

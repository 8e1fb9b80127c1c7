import type { EpochSeconds } from '../protocol/time.ts'
import type { AuditEvent } from './audit.ts'
import type { ClientRow, Sha256, TokenKey, TokenRow, UserRow } from './rows.ts'

/** A row of another system. */
export interface ImportedTokenRow extends TokenRow {
  /**
   * Hash of the refresh token it was issued for: the row of the tenant that has it, if it is there already, becomes its
   * `parent`.
   * Of such a pair neither has spent the other: see `isReplacement`.
   */
  readonly replaces?: Sha256 | null
}

/**
 * Whether a row was imported together with the one it replaces, which nobody has spent: that one ends when this one is
 * used. All other rows with a parent belong to its family.
 */
export function isReplacement({ parent, family }: Pick<TokenRow, 'parent' | 'family'>): boolean {
  return parent !== null && family === null
}

/** What an import has said of a row, for the next one to compare: a text of its own making, with secrets as hashes only. */
export type ImportMark = string

export interface ImportedUserRow extends UserRow {
  /** Absent: it is not followed. */
  readonly mark?: ImportMark
}

/** A row that is here, of which an import has something to say. */
export interface KnownRow<Row> {
  readonly row: Row
  /** Of what an import has said of it last; null: it came by other ways. */
  readonly mark: ImportMark | null
  /** Whether nobody has changed it since, but for a stronger hash of the same password. */
  readonly isUntouched: boolean
}

/** What a row becomes because an import says so. */
export interface FollowedRow<Row> {
  /** As it was read. */
  readonly from: Row
  readonly to: Row
  readonly mark: ImportMark
  readonly event?: AuditEvent
}

/** `changed`: it was changed or deleted since it was read. `name_taken`: as of `ImportedUserOutcome`. */
export type FollowOutcome = 'followed' | 'changed' | 'name_taken'

/** The end of a row of tokens that were imported. */
export interface ImportedTokenEnd {
  readonly key: TokenKey
  readonly event?: AuditEvent
}

/** `known`: its id is there. `deleted`: its id was. `name_taken`: another user has its user name or e-mail address. */
export type ImportedUserOutcome = 'imported' | 'known' | 'deleted' | 'name_taken'

/** Rows of another system, many at a time. All or none are written: keep the lists short. */
export interface ImportStore {
  /** Adds users; what became of each, in their order. Of two with one name or id, the first counts. */
  importUsers(users: readonly ImportedUserRow[], event?: AuditEvent): Promise<readonly ImportedUserOutcome[]>
  /** Those of a tenant that are here, by their ids. */
  findKnownUsers(tenant: string, ids: readonly string[]): Promise<readonly KnownRow<UserRow>[]>
  /** Changes users who are as they were read; what became of each, in their order. */
  followUsers(users: readonly FollowedRow<UserRow>[]): Promise<readonly FollowOutcome[]>
  /** Adds a client. Throws `StoreConflict('exists')` if its id is taken. */
  importClient(client: ClientRow, mark: ImportMark): Promise<void>
  findKnownClient(tenant: string, id: string): Promise<KnownRow<ClientRow> | null>
  /** Changes a client. Throws `StoreConflict('changed')` if it is not as it was read. */
  followClient(client: FollowedRow<ClientRow>): Promise<void>
  /**
   * Adds rows that are found by hash from then on; how many. A row that has no hash, or one that its tenant has already,
   * is left out; what another tenant has does not matter.
   * Throws `StoreConflict('exists')` if a key is taken.
   */
  importTokens(rows: readonly ImportedTokenRow[], event?: AuditEvent): Promise<number>
  /** The rows of these hashes that were imported into a tenant, and are not revoked. */
  findLiveImportedTokens(tenant: string, hashes: readonly Sha256[]): Promise<readonly TokenRow[]>
  /** Revokes rows, each by itself: not what it was refreshed to. How many were not revoked before. */
  endImportedTokens(ends: readonly ImportedTokenEnd[], now: EpochSeconds): Promise<number>
}

import type { AuditEvent } from './audit.ts'
import type { Sha256, TokenRow, UserRow } from './rows.ts'

/** A row of another system. */
export interface ImportedTokenRow extends TokenRow {
  /**
   * Hash of the refresh token it was issued for: the row that has it, if it is there already, becomes its `parent`.
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

/** `known`: its id is there. `deleted`: its id was. `name_taken`: another user has its user name or e-mail address. */
export type ImportedUserOutcome = 'imported' | 'known' | 'deleted' | 'name_taken'

/** Rows of another system, many at a time. All or none are written: keep the lists short. */
export interface ImportStore {
  /** Adds users; what became of each, in their order. Of two with one name or id, the first counts. */
  importUsers(users: readonly UserRow[], event?: AuditEvent): Promise<readonly ImportedUserOutcome[]>
  /**
   * Adds rows that are found by hash from then on; how many. A row that has no hash, or one that is known, is left out.
   * Throws `StoreConflict('exists')` if a key is taken.
   */
  importTokens(rows: readonly ImportedTokenRow[], event?: AuditEvent): Promise<number>
}

import type { TokenRow } from '../store/rows.ts'

/** How long a row stays at least when nothing of it is of use any more: whoever purges keeps to it. Seconds. */
const STAY = 86_400

/**
 * Whether a row of a refresh token family must be found by the family it names. All others are found from row to row:
 * a refresh that spends its token leaves the key of its successor, and those rows are there as long as they are
 * needed. Not so
 * - a row without a refresh token: under `keep` a refresh spends nothing, and leaves no trace in its parent;
 * - one whose access token lives for more than a day: the rows before and behind it may be purged sooner.
 *
 * `APART` is this function in SQL, and the condition of the index `tokens_by_family`, in which a row costs as much as
 * in all others together: families lie all over it, so that each row changes another page.
 */
export function isApart(row: TokenRow): boolean {
  if (row.family === null) return false
  return row.refreshHash === null || row.accessExpiresAt === null || row.accessExpiresAt > row.issuedAt + STAY
}

export const APART = `(refresh_hash is null or access_expires_at is null or access_expires_at > issued_at + ${STAY})`

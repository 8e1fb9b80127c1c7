import type { EpochSeconds, Seconds } from '../protocol/time.ts'
import { refreshEnd } from '../store/ends.ts'
import type { TokenRow } from '../store/rows.ts'

/** How long a spent refresh token that does not expire is remembered, so that its reuse is still detected. */
const SPENT_TOKEN_MEMORY: Seconds = 30 * 86_400

/** Later than any time a row holds. */
const NEVER: EpochSeconds = Number.MAX_SAFE_INTEGER

/**
 * From when on nothing of a row is of use, so that `purge` may delete it; `NEVER` if that can not be told yet.
 * The column `dead_at` of the table `tokens` is this function in SQL.
 *
 * - The access token counts until it expires, even when it was revoked: a JWT is still refused because of its row.
 *   One that never expires (imported) counts until it is superseded, or for 30 days after it was revoked.
 * - The refresh token counts until it or its family expires, it was spent 30 days ago, or it is revoked.
 */
export function deadAt(row: TokenRow): EpochSeconds {
  return Math.max(accessDeadAt(row), refreshDeadAt(row))
}

function accessDeadAt(row: TokenRow): EpochSeconds {
  if (row.accessExpiresAt !== null) return row.accessExpiresAt
  if (row.accessHash === null) return 0
  return row.supersededAt ?? later(row.revokedAt)
}

function refreshDeadAt(row: TokenRow): EpochSeconds {
  if (row.refreshHash === null || row.revokedAt !== null) return 0
  return Math.min(refreshEnd(row) ?? NEVER, later(row.spentAt))
}

function later(time: EpochSeconds | null): EpochSeconds {
  return time === null ? NEVER : time + SPENT_TOKEN_MEMORY
}

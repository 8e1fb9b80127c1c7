import type { EpochSeconds } from '../protocol/time.ts'
import type { TokenRow } from './rows.ts'

/** When a row's refresh token ends: at its own end or its family's, whichever is earlier; null: never. */
export function refreshEnd({
  refreshExpiresAt,
  familyExpiresAt,
}: Pick<TokenRow, 'refreshExpiresAt' | 'familyExpiresAt'>): EpochSeconds | null {
  if (refreshExpiresAt === null) return familyExpiresAt
  return familyExpiresAt === null ? refreshExpiresAt : Math.min(refreshExpiresAt, familyExpiresAt)
}

/** Whether an end is there and has come; a token is dead from that second on. */
export function hasPassed(end: EpochSeconds | null, now: EpochSeconds): boolean {
  return end !== null && end <= now
}

import { sameBytes, sha256 } from '../crypto/digest.ts'
import { tokenKeyOf } from '../crypto/opaque-token.ts'
import type { PresentedToken } from '../grants/index.ts'
import type { EpochSeconds } from '../protocol/time.ts'
import { hasPassed, refreshEnd } from '../store/ends.ts'
import type { TokenRow } from '../store/rows.ts'
import type { Store } from '../store/store.ts'

/**
 * Finds the row of an opaque token somebody shows: by the selector in its first characters, else among the rows
 * imported from another system. The hash of the whole text must match, so a truncated, extended or otherwise
 * altered token, or the stored digest itself, finds nothing.
 */
export async function findPresentedToken(
  text: string,
  tenant: string,
  store: Store,
): Promise<PresentedToken | null> {
  if (text === '') return null
  const hash = sha256(text)
  const key = tokenKeyOf(text)
  if (key !== null) {
    const row = await store.findToken(key)
    const presented = row === null ? null : matched(text, hash, row)
    if (presented !== null) return presented
  }
  const imported = await store.findImportedToken(hash, tenant)
  return imported === null ? null : matched(text, hash, imported)
}

function matched(text: string, hash: Uint8Array, row: TokenRow): PresentedToken | null {
  if (row.accessHash !== null && sameBytes(row.accessHash, hash)) return { text, kind: 'access', row }
  if (row.refreshHash !== null && sameBytes(row.refreshHash, hash)) return { text, kind: 'refresh', row }
  return null
}

export type TokenState = 'live' | 'expired' | 'revoked'

export function accessTokenState(row: TokenRow, now: EpochSeconds): TokenState {
  if (row.revokedAt !== null || row.supersededAt !== null) return 'revoked'
  return hasPassed(row.accessExpiresAt, now) ? 'expired' : 'live'
}

/** A spent refresh token is revoked in this sense: it may still be replayed for a moment, but no longer held. */
export function refreshTokenState(row: TokenRow, now: EpochSeconds): TokenState {
  if (row.revokedAt !== null || row.spentAt !== null) return 'revoked'
  return hasPassed(refreshEnd(row), now) ? 'expired' : 'live'
}

import type { TokenRow } from '../src/store/rows.ts'

/** What a login at spree writes, of one of many users. */
export function tokenRow(key: number, count: number): TokenRow {
  const now = Math.floor(Date.now() / 1000)
  return {
    key,
    tenant: 'acme',
    surface: 'spree',
    clientId: `client-${count % 100}`,
    userId: `user-${count % 50_000}`,
    grantType: 'password',
    scope: ['read', 'write'],
    accessScope: ['read', 'write'],
    issuedAt: now,
    accessHash: crypto.getRandomValues(new Uint8Array(32)),
    accessExpiresAt: now + 7200,
    refreshHash: crypto.getRandomValues(new Uint8Array(32)),
    refreshExpiresAt: null,
    familyExpiresAt: null,
    family: null,
    parent: null,
    successor: null,
    spentAt: null,
    supersededAt: null,
    seenAt: null,
    revokedAt: null,
    jkt: null,
  }
}

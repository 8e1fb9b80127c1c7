import type { TenantRow } from '../../store/rows.ts'

/**
 * Where a client of a tenant asks for its tokens: at the realm, where NewStore's migration guide sends integrations, or
 * else at the standard endpoint. Null: the tenant has neither on.
 */
export function tokenAddress({
  id,
  issuer,
  surfaces,
}: Pick<TenantRow, 'id' | 'issuer' | 'surfaces'>): string | null {
  const { origin } = new URL(issuer)
  if (surfaces === null || surfaces.realm !== undefined) {
    return `${origin}/auth/realms/${id}/protocol/openid-connect/token`
  }
  return surfaces.standard === undefined ? null : `${origin}/oauth/token`
}

/** Where the realm surface of a tenant is: the tenant's id in the path. */
const REALMS = '/auth/realms/'

/** The issuer of a tenant's realm surface where none is configured. Throws TypeError if the tenant's is no URL. */
export function defaultRealmIssuer(tenantIssuer: string, tenantId: string): string {
  return `${new URL(tenantIssuer).origin}${REALMS}${tenantId}`
}

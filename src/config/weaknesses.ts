import { type Draft, draftOf, mappingIn, mappingsIn, memberOf, textIn } from './draft.ts'
import type { Finding } from './problem.ts'

/** 256 random bits take 43 characters of base64url; fewer than 32 characters were hardly drawn at random. */
const SECRET_LENGTH = 32
/** NIST SP 800-63B-4 §3.1.1.2: the least a password may have beside a second factor. */
const PASSWORD_LENGTH = 8

/** What is allowed but unwise, to be shown as warnings. */
export function findWeaknesses(value: unknown): readonly Finding[] {
  const root = draftOf(value)
  return [
    ...tooShort(root, 'adminToken', SECRET_LENGTH),
    ...mappingsIn(root, 'tenants').flatMap((tenant) => inTenant(tenant, textIn(root, 'defaultTenant'))),
  ]
}

function inTenant(tenant: Draft, defaultTenant: string | null): readonly Finding[] {
  return [
    ...unreachable(tenant, defaultTenant),
    ...mappingsIn(tenant, 'users').flatMap((user) => tooShort(user, 'password', PASSWORD_LENGTH)),
    ...mappingsIn(tenant, 'clients').flatMap((client) => [
      ...tooShort(client, 'secret', SECRET_LENGTH),
      ...idle(client),
    ]),
  ]
}

function tooShort(draft: Draft, key: string, length: number): readonly Finding[] {
  const text = textIn(draft, key)
  if (text === null || text.length >= length) return []
  return [
    { path: [...draft.path, key], message: `has fewer than ${length} characters, which is easy to guess` },
  ]
}

function unreachable(tenant: Draft, defaultTenant: string | null): readonly Finding[] {
  const hosts = memberOf(tenant, 'hosts')
  const surfaces = mappingIn(tenant, 'surfaces')
  if (surfaces !== null && Object.keys(surfaces.values).length === 0) {
    return [{ path: surfaces.path, message: 'is empty: every surface of the tenant is off' }]
  }
  const needsHost = surfaces === null || Object.keys(surfaces.values).some((surface) => surface !== 'realm')
  const hasHost = Array.isArray(hosts) && hosts.length > 0
  if (!needsHost || hasHost || textIn(tenant, 'id') === defaultTenant) return []
  return [{ path: [...tenant.path, 'hosts'], message: 'is empty: only the realm paths reach this tenant' }]
}

function idle(client: Draft): readonly Finding[] {
  const grants = memberOf(client, 'grants')
  const isIdle = grants === undefined || (Array.isArray(grants) && grants.length === 0)
  if (!isIdle || memberOf(client, 'introspect') === 'any') return []
  return [{ path: [...client.path, 'grants'], message: 'is empty: the client can get no token' }]
}

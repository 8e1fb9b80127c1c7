import { type Draft, draftOf, mappingIn, mappingsIn, memberOf, textIn, textsIn } from './draft.ts'
import type { Finding } from './problem.ts'
import type { ProcessConfig } from './process-config.ts'

/** 256 random bits take 43 characters of base64url; fewer than 32 characters were hardly drawn at random. */
const SECRET_LENGTH = 32
/** NIST SP 800-63B-4 §3.1.1.2: the least a password may have beside a second factor. */
const PASSWORD_LENGTH = 8

/** What is allowed but unwise, to be shown as warnings; `given` has what flags and environment say. */
export function findWeaknesses(value: unknown, given: Partial<ProcessConfig>): readonly Finding[] {
  const root = draftOf(value)
  const server = mappingIn(root, 'server')
  const baseDomains = given.baseDomains ?? (server === null ? [] : textsIn(server, 'baseDomains'))
  const defaultTenant = given.defaultTenant ?? textIn(root, 'defaultTenant')
  return [
    ...tooShort(root, 'adminToken', SECRET_LENGTH),
    ...mappingsIn(root, 'tenants').flatMap((tenant) => [
      ...withoutSurface(tenant),
      ...(baseDomains.length > 0 || textIn(tenant, 'id') === defaultTenant ? [] : withoutHost(tenant)),
      ...mappingsIn(tenant, 'users').flatMap((user) => tooShort(user, 'password', PASSWORD_LENGTH)),
      ...mappingsIn(tenant, 'clients').flatMap((client) => tooShort(client, 'secret', SECRET_LENGTH)),
      ...mappingsIn(tenant, 'clients').flatMap(idle),
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

function withoutSurface(tenant: Draft): readonly Finding[] {
  const surfaces = mappingIn(tenant, 'surfaces')
  if (surfaces === null || Object.keys(surfaces.values).length > 0) return []
  return [{ path: surfaces.path, message: 'is empty: every surface of the tenant is off' }]
}

function withoutHost(tenant: Draft): readonly Finding[] {
  const surfaces = mappingIn(tenant, 'surfaces')
  const needsHost = surfaces === null || Object.keys(surfaces.values).some((surface) => surface !== 'realm')
  if (!needsHost || textsIn(tenant, 'hosts').length > 0) return []
  return [{ path: [...tenant.path, 'hosts'], message: 'is empty: only the realm paths reach the tenant' }]
}

function idle(client: Draft): readonly Finding[] {
  const grants = memberOf(client, 'grants')
  const isIdle = grants === undefined || (Array.isArray(grants) && grants.length === 0)
  if (!isIdle || memberOf(client, 'introspect') === 'any') return []
  return [{ path: [...client.path, 'grants'], message: 'is empty: the client can get no token' }]
}

import { defaultRealmIssuer } from '../protocol/issuer.ts'
import { type Draft, draftOf, mappingIn, mappingsIn, memberOf, textIn, textsIn } from './draft.ts'
import { findEndingProblems } from './legacy-surfaces.ts'
import { type ConfigPath, type Finding, formatPath } from './problem.ts'
import type { ProcessConfig } from './process-config.ts'
import { PROCESS_OPTIONS, type ProcessOptionName } from './process-options.ts'
import { suggest } from './suggestion.ts'
import { findUpstreamProblems } from './upstream-schema.ts'

/** What is wrong between values, each of which may be right by itself. */
export function findInconsistencies(value: unknown): readonly Finding[] {
  const root = draftOf(value)
  const tenants = mappingsIn(root, 'tenants')
  return [
    ...repeated(tenants.flatMap((tenant) => textsIn(tenant, 'id'))),
    ...repeated(
      tenants.flatMap((tenant) => textsIn(tenant, 'hosts')),
      lowerCase,
    ),
    ...repeated(tenants.flatMap(issuersOf)),
    ...tenants.flatMap((tenant) => takenRealmIssuer(tenant, tenants)),
    ...tenants.flatMap(inTenant),
  ]
}

function inTenant(tenant: Draft): readonly Finding[] {
  const users = mappingsIn(tenant, 'users')
  const clients = mappingsIn(tenant, 'clients')
  const clientIds = clients.flatMap((client) => textsIn(client, 'id'))
  const userIds = users.flatMap((user) => textsIn(user, 'id'))
  return [
    ...newstoreIssuer(tenant),
    ...findEndingProblems(tenant),
    ...findUpstreamProblems(tenant),
    ...repeated(users.flatMap(loginsOf), loginKey),
    // Both are the `sub` of tokens: one must not be able to pose as the other (RFC 9068 §5).
    ...repeated([...clientIds, ...userIds]),
    ...users.flatMap(inUser),
    ...clients.flatMap(inClient),
  ]
}

function inUser(user: Draft): readonly Finding[] {
  if (!has(user, 'password') || !has(user, 'passwordHash')) return []
  return [at(user, 'passwordHash', 'must not be there beside password')]
}

function inClient(client: Draft): readonly Finding[] {
  const isPublic = memberOf(client, 'public') === true
  const findings: Finding[] = []
  if (isPublic && has(client, 'secret')) {
    findings.push(at(client, 'secret', 'must not be there: the client is public, and can keep no secret'))
  }
  if (isPublic && has(client, 'jwks')) {
    findings.push(at(client, 'jwks', 'must not be there: the client is public, and can keep no private key'))
  }
  if (!isPublic && !['secret', 'secretFile', 'jwks'].some((key) => has(client, key))) {
    findings.push(
      at(client, 'secret', 'is missing: give secret, secretFile or jwks, or make the client public'),
    )
  }
  if (isPublic && memberOf(client, 'introspect') === 'any') {
    findings.push(
      at(client, 'introspect', 'must not be any: the client is public, so anybody could introspect'),
    )
  }
  for (const grant of isPublic ? textsIn(client, 'grants') : []) {
    if (grant.text !== 'client_credentials') continue
    const message =
      'must not be client_credentials: the client is public, and has no credentials (RFC 6749 §4.4)'
    findings.push({ path: grant.path, message })
  }
  return findings
}

function issuersOf(tenant: Draft) {
  const surfaces = mappingIn(tenant, 'surfaces')
  const realm = surfaces === null ? null : mappingIn(surfaces, 'realm')
  return [...textsIn(tenant, 'issuer'), ...(realm === null ? [] : textsIn(realm, 'issuer'))]
}

/** Who verifies a token tells by its issuer whose it is, and so do we: no two surfaces have the same. */
function takenRealmIssuer(tenant: Draft, tenants: readonly Draft[]): readonly Finding[] {
  const issuer = impliedRealmIssuer(tenant)
  return tenants
    .flatMap(issuersOf)
    .filter(({ text }) => text === issuer)
    .map(({ path }) => ({
      path,
      message: `is that of the surface realm of ${formatPath(tenant.path)}, unless that is given another as surfaces.realm.issuer`,
    }))
}

/** What the realm surface's issuer is where it is on and none is given. */
function impliedRealmIssuer(tenant: Draft): string | null {
  const surfaces = mappingIn(tenant, 'surfaces')
  const isOn = surfaces === null ? !has(tenant, 'surfaces') : has(surfaces, 'realm')
  const realm = surfaces === null ? null : mappingIn(surfaces, 'realm')
  if (!isOn || (realm !== null && has(realm, 'issuer'))) return null
  const [id, issuer] = [textIn(tenant, 'id'), textIn(tenant, 'issuer')]
  return id === null || issuer === null || !URL.canParse(issuer) ? null : defaultRealmIssuer(issuer, id)
}

function newstoreIssuer(tenant: Draft): readonly Finding[] {
  const surfaces = mappingIn(tenant, 'surfaces')
  const isOn = surfaces === null ? !has(tenant, 'surfaces') : has(surfaces, 'newstore')
  const issuer = textIn(tenant, 'issuer')
  if (!isOn || issuer === null || issuer.endsWith('/')) return []
  return [
    at(tenant, 'issuer', 'must end with / as long as the surface newstore is on: its clients expect that'),
  ]
}

/** A process option that does not fit the rest, wherever its value came from. */
export interface ProcessFinding {
  readonly name: ProcessOptionName
  readonly message: string
}

/** What is wrong between options of the process and the file; `given` has what flags and environment say. */
export function findProcessInconsistencies(
  value: unknown,
  given: Partial<ProcessConfig>,
): readonly ProcessFinding[] {
  const root = draftOf(value)
  const server = mappingIn(root, 'server') ?? draftOf({})
  const tenants = mappingsIn(root, 'tenants')
  const baseDomains = given.baseDomains ?? textsIn(server, 'baseDomains').map(({ text }) => lowerCase(text))
  return [
    ...unknownDefaultTenant(given.defaultTenant ?? textIn(root, 'defaultTenant'), tenants),
    ...samePort(
      given.port ?? memberOf(server, 'port') ?? PROCESS_OPTIONS.port.fallback,
      given.adminPort ?? memberOf(server, 'adminPort') ?? PROCESS_OPTIONS.adminPort.fallback,
    ),
    ...baseDomains.flatMap((domain) => takenHosts(domain, tenants)),
  ]
}

function unknownDefaultTenant(name: string | null, tenants: readonly Draft[]): readonly ProcessFinding[] {
  const known = [...new Set(tenants.flatMap((tenant) => textsIn(tenant, 'id').map(({ text }) => text)))]
  // Without tenants in the file they are in the database, which is not looked at here.
  if (name === null || known.length === 0 || known.includes(name)) return []
  return [{ name: 'defaultTenant', message: `is no tenant of the configuration${suggest(name, known)}` }]
}

function samePort(port: unknown, adminPort: unknown): readonly ProcessFinding[] {
  if (port !== adminPort || port === 0) return []
  const message = 'is the port of the token plane too: the control plane needs its own, or 0 to switch it off'
  return [{ name: 'adminPort', message }]
}

/** Hosts that are one tenant's by the base domain and another's because it lists them. */
function takenHosts(domain: string, tenants: readonly Draft[]): readonly ProcessFinding[] {
  const implied = new Map(tenants.map((tenant) => [`${textIn(tenant, 'id')}.${domain}`, tenant]))
  return tenants.flatMap((tenant) =>
    textsIn(tenant, 'hosts').flatMap(({ path, text }): readonly ProcessFinding[] => {
      const owner = implied.get(lowerCase(text))
      if (owner === undefined || owner === tenant) return []
      const message = `gives ${text} to ${formatPath(owner.path)}, but ${formatPath(path)} lists it`
      return [{ name: 'baseDomains', message }]
    }),
  )
}

/** A user is found by either name; one user may have both the same. */
function loginsOf(user: Draft) {
  const [username] = textsIn(user, 'username')
  const [address] = textsIn(user, 'email')
  const isSame =
    username !== undefined && address !== undefined && loginKey(username.text) === loginKey(address.text)
  return [username, isSame ? undefined : address].filter((login) => login !== undefined)
}

/** E-mail addresses are found in any case, user names as they are. */
function loginKey(login: string): string {
  return login.includes('@') ? login.toLowerCase() : login
}

function lowerCase(text: string): string {
  return text.toLowerCase()
}

interface Named {
  readonly path: ConfigPath
  readonly text: string
}

function repeated(
  names: readonly Named[],
  key: (text: string) => string = (text) => text,
): readonly Finding[] {
  const first = new Map<string, Named>()
  const findings: Finding[] = []
  for (const name of names) {
    const earlier = first.get(key(name.text))
    if (earlier === undefined) first.set(key(name.text), name)
    else findings.push({ path: name.path, message: `is the same as ${formatPath(earlier.path)}` })
  }
  return findings
}

function has(draft: Draft, key: string): boolean {
  return memberOf(draft, key) !== undefined
}

function at(draft: Draft, key: string, message: string): Finding {
  return { path: [...draft.path, key], message }
}

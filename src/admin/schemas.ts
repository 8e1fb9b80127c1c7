import { z } from '@hono/zod-openapi'
import { ASSERTION_ALGORITHMS, type ClientJwk } from '../protocol/client-jwks.ts'
import { SIGNING_ALGORITHMS } from '../protocol/jwt.ts'
import { LEGACY_SURFACES, SURFACE_NAMES } from '../protocol/policy.ts'
import { GRANT_TYPES } from '../protocol/token.ts'
import { CHANGE_EVENTS, REQUEST_EVENTS } from '../store/audit.ts'
import type { AuditEventResource } from './operations/audit-events.ts'
import type { BrownOutResource } from './operations/brown-outs.ts'
import type { ClientResource, ClientSecretResource } from './operations/client-resource.ts'
import type { KeyResource } from './operations/keys.ts'
import type { LoginFailuresResource, SourceFailuresResource } from './operations/login-failures.ts'
import type { TenantResource } from './operations/tenants.ts'
import type { TokenResource } from './operations/tokens.ts'
import type { UserResource } from './operations/users.ts'

const words = () => z.array(z.string()).readonly()
const time = (description: string) => z.int().describe(`${description} Seconds since 1970.`)
const claims = z.record(z.string(), z.unknown()).readonly().describe('Further claims of the tokens.')
const version = z.int().describe('Counts changes; the `ETag`.')
const tokensValidAfter = time('Tokens issued earlier are dead.')
const createdAt = time('When it was created.')

export const userResource = z
  .object({
    id: z.string().describe("The `sub` of the user's tokens."),
    username: z.string(),
    email: z.string().nullable(),
    hasPassword: z.boolean().describe('Whether the user may log in with a password.'),
    roles: words(),
    scopes: words().nullable().describe('The only scopes the user may get; null: no restriction.'),
    claims,
    disabled: z.boolean(),
    tokensValidAfter,
    createdAt,
    successor: z
      .object({ client: z.string(), since: time('Since when.') })
      .nullable()
      .describe('The client by which an integration gets its tokens instead; null: none.'),
    version,
  })
  .openapi('User') satisfies z.ZodType<UserResource>

const loginFailures = {
  failures: z
    .int()
    .describe(
      'Failed logins that count: of the user or client from all sources, or of all users from the source.',
    ),
  blocked: z
    .int()
    .describe(
      'From how many sources nobody can log in as the user or client; of a source 1 if nobody can from there.',
    ),
  blockedUntil: time('When the last of these blocks ends; null: there is none.').nullable(),
}

export const loginFailuresResource = z
  .object(loginFailures)
  .openapi('LoginFailures') satisfies z.ZodType<LoginFailuresResource>

export const sourceFailuresResource = z
  .object({
    ...loginFailures,
    // Of those whose secrets can be guessed.
    clients: loginFailuresResource,
  })
  .openapi('SourceFailures') satisfies z.ZodType<SourceFailuresResource>

const secretFields = {
  id: z.string(),
  name: z.string().nullable(),
  createdAt,
  expiresAt: time('When it ends; null: never.').nullable(),
  muted: z.boolean().describe('Whether each use is told, in the log and by a metric; it works all the same.'),
  lastUsedAt: time('When it was used last; null: never. A use of the last minute may be missing.').nullable(),
  lastUsedFrom: z
    .string()
    .nullable()
    .describe('Where that came from: an IPv4 address or the /64 of an IPv6 address; null: not known.'),
}

export const clientSecretResource = z
  .object(secretFields)
  .openapi('ClientSecret') satisfies z.ZodType<ClientSecretResource>

const madeSecret = z
  .string()
  .nullable()
  .describe('The secret that was made, shown this once; null: none was, or it was given.')

export const createdClientSecret = z
  .object({ ...secretFields, secret: madeSecret })
  .openapi('CreatedClientSecret')

const member = z.string().optional()

const jwk = z.object({
  kty: z.enum(['RSA', 'EC', 'OKP']),
  kid: member,
  alg: z.enum(ASSERTION_ALGORITHMS).optional(),
  crv: member,
  n: member,
  e: member,
  x: member,
  y: member,
}) satisfies z.ZodType<ClientJwk>

const clientFields = {
  id: z.string().describe('The `client_id`.'),
  name: z.string().nullable(),
  public: z.boolean(),
  grants: z.array(z.enum(GRANT_TYPES)).readonly(),
  scopes: words(),
  roles: words(),
  claims,
  accessToken: z.enum(['jwt', 'opaque']),
  expiresIn: z
    .int()
    .nullable()
    .describe('How long its access tokens live, in seconds; null: as the surface says.'),
  introspect: z.enum(['own', 'any']),
  dpopBoundAccessTokens: z.boolean(),
  disabled: z.boolean(),
  jwks: z
    .object({ keys: z.array(jwk).readonly() })
    .nullable()
    .describe('Public keys (a JWK Set), by which it authenticates instead of a secret; null: none.'),
  secrets: z.array(clientSecretResource).readonly().describe('That there are secrets; never the secrets.'),
  tokensValidAfter,
  createdAt,
  version,
}

export const clientResource = z.object(clientFields).openapi('Client') satisfies z.ZodType<ClientResource>

export const createdClient = z.object({ ...clientFields, secret: madeSecret }).openapi('CreatedClient')

export const tokenResource = z
  .object({
    id: z.string().describe('Names what was issued; with it nobody can make the token.'),
    surface: z.enum(SURFACE_NAMES),
    grant: z.enum(GRANT_TYPES),
    user: z.string().nullable(),
    client: z.string().nullable(),
    scope: z.string().describe('Space-separated (RFC 6749 §3.3).'),
    issuedAt: time('When it was issued.'),
    expiresAt: time('When the access token expires; null: never, or there is none.').nullable(),
    refreshExpiresAt: time('When the refresh token expires; null: never, or there is none.').nullable(),
    state: z
      .enum(['active', 'spent', 'revoked', 'expired'])
      .describe(
        '`spent`: its refresh token has a successor. `revoked`: itself, or all of its user or client.',
      ),
    family: z.string().describe('The `id` of the first of its family.'),
  })
  .openapi('Token') satisfies z.ZodType<TokenResource>

export const keyResource = z
  .object({
    kid: z.string(),
    algorithm: z.enum(SIGNING_ALGORITHMS),
    state: z.enum(['announced', 'active', 'retired', 'withdrawn']),
    verifyOnly: z.boolean().describe('Imported without its private key.'),
    createdAt,
    retiredAt: time('When it ceased to sign.').nullable(),
    goneAt: time('When the last token it signed has expired; of a withdrawn key, when that was.').nullable(),
  })
  .openapi('Key') satisfies z.ZodType<KeyResource>

export const auditEventResource = z
  .object({
    id: z.string().describe('Greater is later, but for what was done within the same moment.'),
    type: z.enum([...REQUEST_EVENTS, ...CHANGE_EVENTS]),
    at: z.string().describe('When it was done (RFC 3339, with milliseconds).'),
    tenant: z.string().nullable().describe('Null: it concerns all.'),
    actor: z
      .string()
      .describe(
        'Who did it: `requester` (see `user` and `client`), `admin` (the holder of the admin token), `operator:` and a name (the command line), `configuration`, or `server`, where nobody asked for it.',
      ),
    user: z.string().nullable().describe('The id of the user it concerns.'),
    client: z.string().nullable().describe('The id of the client it concerns.'),
    object: z
      .string()
      .nullable()
      .describe(
        'What else it concerns: the `id` of a token, its `jti`, the id of a secret, the `kid` of a key.',
      ),
    surface: z.enum(SURFACE_NAMES).nullable(),
    source: z
      .string()
      .nullable()
      .describe('The address it came from; null: not known, or from no other machine.'),
    requestId: z.string().nullable().describe("The log's name for the request."),
    result: z.string().describe('`ok`, or the code of the error that was answered.'),
    reason: z.string().nullable().describe('Why it was refused, as in the log.'),
    details: z.string().nullable().describe('The scope, the names of the fields that were changed.'),
  })
  .openapi('AuditEvent') satisfies z.ZodType<Omit<AuditEventResource, 'actor' | 'result'>>

export const tenantResource = z
  .object({
    id: z.string(),
    hosts: words(),
    issuer: z.string(),
    signingAlgorithm: z.enum(SIGNING_ALGORITHMS),
    surfaces: z
      .partialRecord(z.enum(SURFACE_NAMES), z.record(z.string(), z.unknown()))
      .readonly()
      .nullable()
      .describe('The surfaces that are on, with their settings; null: all, with their defaults.'),
    requestsPerSecond: z.int().nullable().describe('Requests each process answers; null: all.'),
    clientRequestsPerSecond: z.int().nullable().describe('The same for each client that has authenticated.'),
  })
  .openapi('Tenant') satisfies z.ZodType<Omit<TenantResource, 'surfaces'>>

export const brownOutResource = z
  .object({
    id: z.string(),
    surface: z.enum(LEGACY_SURFACES),
    users: words()
      .nullable()
      .describe('Ids; of a configured one, whatever the configuration names them by. null: everybody.'),
    usernames: words()
      .nullable()
      .describe('The same by the names they have now; who is no user any more, as in `users`.'),
    from: time('When it begins.'),
    to: time('The first second after it.'),
    state: z.enum(['scheduled', 'running', 'ended']).describe('`ended`: before its time.'),
    origin: z.enum(['configuration', 'operator']),
  })
  .openapi('BrownOut') satisfies z.ZodType<BrownOutResource>

export const problem = z
  .object({
    type: z.string().describe('Names the kind: `urn:mintkeeper:problem:` and its code.'),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    problems: z
      .array(z.object({ path: z.string(), message: z.string() }))
      .optional()
      .describe('With `invalid`: all that is wrong, and where.'),
    requestId: z.string().describe("The log's name for the request."),
  })
  .openapi('Problem')

export const health = z.object({ status: z.literal('ok') }).openapi('HealthStatus')

/** A page of a list. */
export function pageOf<Item extends z.ZodType>(item: Item, name: string) {
  return z
    .object({
      items: z.array(item).readonly(),
      next: z.string().nullable().describe('The `cursor` of the next page; null: this was the last.'),
    })
    .openapi(name)
}

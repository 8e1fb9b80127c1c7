import { deprecationHeaders } from '../protocol/deprecation.ts'
import { ROLES_OF_SCOPES } from '../protocol/policy.ts'
import type { EpochSeconds } from '../protocol/time.ts'
import { successorOf, withEnding } from './legacy.ts'
import { newstoreJwt } from './newstore-jwt.ts'
import { encodeOpenapi } from './newstore-openapi.ts'
import { decodeLogin, decodeRefresh } from './newstore-requests.ts'
import { encodeError, encodeTokenResponse } from './newstore-responses.ts'
import { newstoreUpstream } from './newstore-upstream.ts'
import { type PolicyDefaults, type Surface, type TenantIdentity, withSettings } from './surface.ts'

/** 2024-01-08T00:00:00Z, "January 8th, 2024" of the document. */
const DEPRECATED_SINCE: EpochSeconds = 1704672000

const MIGRATION_GUIDE = 'https://docs.newstore.net/developers/troubleshooting/migration-token-api-v0'

/** The `azp` of the document's example. */
const DOCUMENT_AZP = 'twlFVZyTIYbx7gFdtGYbKAvCGnZAu4Yw'

/** The scope that NewStore's tokens have, in its order. */
const SCOPES = [
  'read:current_user',
  'update:current_user_metadata',
  'delete:current_user_metadata',
  'create:current_user_metadata',
  'create:current_user_device_credentials',
  'delete:current_user_device_credentials',
  'update:current_user_identities',
  'offline_access',
]

/** NewStore's Token API v0 (deprecated): users log in without a client, and get a JWT in Auth0's form. */
export const newstore: Surface = {
  name: 'newstore',
  prefix: '/v0/',
  bodyLimit: 16 * 1024,
  routes: [
    {
      endpoint: 'token',
      method: 'POST',
      paths: ['/v0/token', '/v0/token/'],
      decode: decodeLogin,
      encode: encodeTokenResponse,
    },
    {
      endpoint: 'token',
      method: 'POST',
      paths: ['/v0/refresh_token', '/v0/refresh_token/'],
      decode: decodeRefresh,
      encode: encodeTokenResponse,
    },
    { endpoint: 'metadata', method: 'GET', paths: ['/v0/openapi.json'], encode: encodeOpenapi },
  ],
  policy: (settings, tenant) => {
    const policy = withSettings(newstoreDefaults(tenant), settings)
    const { azp = DOCUMENT_AZP, tenantClaim = true } = settings
    const jwt = newstoreJwt({ azp, tenantClaim, refresh: policy.refresh })
    return withEnding({ ...policy, jwt }, settings, {
      since: DEPRECATED_SINCE,
      migrationGuide: MIGRATION_GUIDE,
      // The realm first: NewStore's migration guide sends its integrations there.
      successor: successorOf(tenant, ['realm', 'standard']),
    })
  },
  headers: ({ requestId, policy }) => ({
    'X-Newstore-Request-Id': requestId,
    ...(policy?.headers ?? HEADERS_WITHOUT_TENANT),
  }),
  encodeError,
  upstream: newstoreUpstream,
}

/** What can be said when no tenant was found, or none was looked for. */
const HEADERS_WITHOUT_TENANT = deprecationHeaders({
  since: DEPRECATED_SINCE,
  sunset: null,
  links: [{ href: MIGRATION_GUIDE, rel: 'deprecation', type: 'text/html' }],
})

function newstoreDefaults({ issuer }: TenantIdentity): PolicyDefaults {
  // Auth0's issuers end with a slash, and the audience is the issuer with a path after it.
  const iss = issuer.endsWith('/') ? issuer : `${issuer}/`
  return {
    surface: 'newstore',
    issuer: iss,
    audience: `${iss}api/v2/`,
    grants: ['password', 'refresh_token'],
    expiresIn: 86400,
    inheritExpiresIn: false,
    refreshExpiresIn: null,
    refreshIdleExpiresIn: null,
    refresh: 'keep',
    client: 'ignored',
    endpoints: null,
    credentialBeforeClient: false,
    accessToken: 'jwt',
    jwt: newstoreJwt({ azp: DOCUMENT_AZP, tenantClaim: true, refresh: 'keep' }),
    signingAlgorithm: 'RS256',
    tokenLength: 45,
    scopes: SCOPES,
    unrequestedScope: 'all',
    roleOfScope: ROLES_OF_SCOPES.newstore,
    requiredRoles: [],
    refreshTokenScope: 'offline_access',
    clientCredentialsRefreshToken: false,
    introspectClientless: false,
  }
}

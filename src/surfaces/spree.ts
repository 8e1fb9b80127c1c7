import { AT_JWT } from '../protocol/jwt.ts'
import { ROLES_OF_SCOPES } from '../protocol/policy.ts'
import { successorOf, withEnding } from './legacy.ts'
import { encodeSpreeError } from './spree-errors.ts'
import {
  decodeBearer,
  decodeIntrospectionRequest,
  decodeRevocationRequest,
  decodeTokenRequest,
} from './spree-requests.ts'
import {
  encodeIntrospection,
  encodeRevocation,
  encodeTokenInfo,
  encodeTokenResponse,
} from './spree-responses.ts'
import { spreeUpstream } from './spree-upstream.ts'
import { type PolicyDefaults, type Surface, type TenantIdentity, withSettings } from './surface.ts'

/**
 * Spree's token API as Doorkeeper speaks it: `/spree_oauth/token` of Spree's document, and the endpoints beside it.
 * Answers are those of Doorkeeper 5.5.0 under Spree 4.9 to 5.3 to the byte, with the exceptions, and why, in the table
 * of `test/surfaces/spree-transcripts.test.ts`.
 */
export const spree: Surface = {
  name: 'spree',
  prefix: '/spree_oauth/',
  bodyLimit: 64 * 1024,
  routes: [
    {
      endpoint: 'token',
      method: 'POST',
      paths: spellings('/spree_oauth/token'),
      decode: decodeTokenRequest,
      encode: encodeTokenResponse,
    },
    {
      endpoint: 'revocation',
      method: 'POST',
      paths: spellings('/spree_oauth/revoke'),
      decode: decodeRevocationRequest,
      encode: encodeRevocation,
    },
    {
      endpoint: 'introspection',
      method: 'POST',
      paths: spellings('/spree_oauth/introspect'),
      decode: decodeIntrospectionRequest,
      encode: encodeIntrospection,
    },
    {
      endpoint: 'info',
      method: 'GET',
      paths: spellings('/spree_oauth/token/info'),
      decode: decodeBearer,
      encode: encodeTokenInfo,
    },
  ],
  policy: (settings, tenant) =>
    withEnding(withSettings(spreeDefaults(tenant), settings), settings, {
      // Spree's document does not say that it is deprecated: operators do.
      since: settings.deprecated ?? null,
      migrationGuide: null,
      successor: successorOf(tenant, ['standard', 'realm']),
    }),
  // Rails sends the id with every answer, too.
  headers: ({ requestId, policy }) =>
    policy?.headers === undefined
      ? { 'X-Request-Id': requestId }
      : { 'X-Request-Id': requestId, ...policy.headers },
  encodeError: encodeSpreeError,
  upstream: spreeUpstream,
}

/** Rails' routes answer with the format as a suffix and with a slash at the end as well. */
function spellings(path: string): readonly string[] {
  return [path, `${path}.json`, `${path}/`]
}

function spreeDefaults({ issuer }: TenantIdentity): PolicyDefaults {
  return {
    surface: 'spree',
    issuer,
    audience: issuer,
    grants: ['password', 'client_credentials', 'refresh_token'],
    expiresIn: 7200,
    inheritExpiresIn: true,
    refreshExpiresIn: null,
    refreshIdleExpiresIn: null,
    refresh: 'rotate-on-first-use',
    client: 'optional',
    endpoints: null,
    credentialBeforeClient: true,
    accessToken: 'opaque',
    jwt: AT_JWT,
    signingAlgorithm: null,
    tokenLength: 43,
    scopes: ['admin', 'write', 'read'],
    unrequestedScope: 'none',
    roleOfScope: ROLES_OF_SCOPES.spree,
    requiredRoles: [],
    refreshTokenScope: null,
    clientCredentialsRefreshToken: true,
    introspectClientless: true,
  }
}

import { defaultRealmIssuer } from '../protocol/issuer.ts'
import { type EndpointPaths, standardDefaults, standardRoutes } from './standard.ts'
import { encodeStandardError } from './standard-responses.ts'
import { type Surface, withSettings } from './surface.ts'

const REALM = '/auth/realms/{tenant}'

const PATHS: EndpointPaths = {
  token: `${REALM}/protocol/openid-connect/token`,
  revocation: `${REALM}/protocol/openid-connect/revoke`,
  introspection: `${REALM}/protocol/openid-connect/token/introspect`,
  jwks: `${REALM}/protocol/openid-connect/certs`,
}

/** The standard endpoints where NewStore's migration guide sends its integrations: the path names the tenant. */
export const realm: Surface = {
  name: 'realm',
  prefix: '/auth/realms/',
  bodyLimit: 64 * 1024,
  routes: standardRoutes(
    PATHS,
    // RFC 8414 §3.1 puts the well-known segment before the issuer's path.
    [`${REALM}/.well-known/openid-configuration`, `/.well-known/oauth-authorization-server${REALM}`],
  ),
  policy: (settings, tenant) => {
    const issuer = settings.issuer ?? defaultRealmIssuer(tenant.issuer, tenant.id)
    return withSettings(standardDefaults('realm', PATHS, { ...tenant, issuer }), settings)
  },
  headers: ({ requestId }) => ({ 'X-Request-Id': requestId }),
  encodeError: encodeStandardError,
}

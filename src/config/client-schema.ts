import type { z } from 'zod'
import { GRANT_TYPES } from '../protocol/token.ts'
import { claims } from './claims-value.ts'
import { jwks } from './jwks-value.ts'
import { documented, type Immutable, mappingOf, orNull, setOf } from './option.ts'
import { lifetime, trueOrFalse } from './scalar-values.ts'
import { clientId, filePath, lineOfText, oneOf, roleNames, scopeToken, secretText } from './text-values.ts'

/** The options of a client. */
export const CLIENT_SHAPE = {
  id: documented(clientId, { sentence: 'The `client_id`.', type: 'text', default: 'required' }),
  name: documented(orNull(lineOfText), { sentence: 'What people call it.', type: 'text', default: 'none' }),
  public: documented(trueOrFalse.default(false), {
    sentence: 'A client that can keep no secret, such as code in a browser or on a phone (RFC 6749 §2.1).',
    type: '`true` or `false`',
    default: '`false`',
  }),
  secret: documented(orNull(secretText), {
    sentence: 'The `client_secret`. It is stored as a hash.',
    type: 'text',
    default: 'required, unless the client is public or has `jwks`',
  }),
  secretFile: documented(filePath.optional(), {
    sentence: 'File that holds the secret, relative to the configuration file.',
    type: 'path',
    default: 'none',
  }),
  jwks: documented(orNull(jwks), {
    sentence:
      'Public keys (a JWK Set), by which the client authenticates instead of a secret: `private_key_jwt` on the surfaces standard and realm.',
    type: 'mapping with `keys`, a list of JWKs',
    default: 'none',
  }),
  grants: documented(setOf(oneOf(GRANT_TYPES)).default([]), {
    sentence: 'The grant types the client may use.',
    type: `list of ${GRANT_TYPES.map((grant) => `\`${grant}\``).join(', ')}`,
    default: '`[]`',
  }),
  scopes: documented(setOf(scopeToken).default([]), {
    sentence: 'The scopes the client may get; empty: none.',
    type: 'list of scopes',
    default: '`[]`',
  }),
  roles: documented(roleNames.default([]), {
    sentence: "Roles in the client's own tokens.",
    type: 'list of roles',
    default: '`[]`',
  }),
  claims: documented(claims.default({}), {
    sentence: "Further claims of the client's own tokens; those of the server itself can not be set.",
    type: 'mapping of names to JSON values',
    default: '`{}`',
  }),
  accessToken: documented(oneOf(['jwt', 'opaque']).default('jwt'), {
    sentence: 'Format of its access tokens on the surfaces standard and realm.',
    type: '`jwt`, `opaque`',
    default: '`jwt`',
  }),
  expiresIn: documented(orNull(lifetime), {
    sentence: 'How long its access tokens live.',
    type: 'seconds',
    default: 'as the surface says',
  }),
  introspect: documented(oneOf(['own', 'any']).default('own'), {
    sentence: 'Which tokens it may introspect: those issued to it, or (a resource server) any of the tenant.',
    type: '`own`, `any`',
    default: '`own`',
  }),
  dpopBoundAccessTokens: documented(trueOrFalse.default(false), {
    sentence:
      'Whether it gets no token without a DPoP proof (RFC 9449 §5.2), and so none but those that are bound to a key; on the surfaces standard and realm, and on spree none at all.',
    type: '`true` or `false`',
    default: '`false`',
  }),
  disabled: documented(trueOrFalse.optional(), {
    sentence: 'Keeps the client but gives no token.',
    type: '`true` or `false`',
    default: '`false`; of one that is there already, as it is',
  }),
}

/** A client as the file lists it; `secretFile` was read before. */
export const client = mappingOf(CLIENT_SHAPE).transform(({ secretFile: _, ...rest }) => rest)

/** A client, with defaults filled in. */
export type ClientConfig = Immutable<z.output<typeof client>>

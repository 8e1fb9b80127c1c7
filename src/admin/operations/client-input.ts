import { isStrongSecret } from '../../crypto/client-secret.ts'
import type { ClientJwks } from '../../protocol/client-jwks.ts'
import type { Secret } from '../../protocol/secret.ts'
import type { Seconds } from '../../protocol/time.ts'
import type { GrantType } from '../../protocol/token.ts'
import type { Claims, ClientRow } from '../../store/rows.ts'
import type { Problem } from './admin-error.ts'
import {
  claims,
  clientId,
  jwks,
  lineOfText,
  objectOf,
  oneOf,
  roleNames,
  scopeTokens,
  seconds,
  secretText,
  setOf,
  trueOrFalse,
} from './fields.ts'

/** A secret that is not random enough for SHA-256 gets a slow hash, which takes no more bytes than these. */
const MAX_WEAK_SECRET_BYTES = 256

/** A client to create, with the field names of the configuration file. */
export interface ClientInput extends ClientPatch {
  /** The `client_id`; default: made by the server. */
  readonly id?: string | null | undefined
  /** Default for a confidential client without keys: made by the server and answered once. */
  readonly secret?: string | Secret | null | undefined
}

/** What to change of a client; what is absent stays. Secrets are changed by operations of their own. */
export interface ClientPatch {
  readonly name?: string | null | undefined
  readonly public?: boolean | undefined
  /** Default: `client_credentials`; for a public client `password` and `refresh_token`. */
  readonly grants?: readonly GrantType[] | undefined
  readonly scopes?: readonly string[] | undefined
  readonly roles?: readonly string[] | undefined
  readonly claims?: Claims | undefined
  /** Public keys by which the client authenticates (`private_key_jwt`); null: none. */
  readonly jwks?: ClientJwks | null | undefined
  readonly accessToken?: 'jwt' | 'opaque' | undefined
  readonly expiresIn?: Seconds | null | undefined
  readonly introspect?: 'own' | 'any' | undefined
  readonly dpopBoundAccessTokens?: boolean | undefined
  readonly disabled?: boolean | undefined
}

/** A further secret of a client. */
export interface ClientSecretInput {
  readonly name?: string | null | undefined
  /** Default: made by the server and answered once. */
  readonly secret?: string | Secret | null | undefined
  /** Life of the new secret; null: no end. Seconds. */
  readonly expiresIn?: Seconds | null | undefined
  /** When the client's other secrets end, unless earlier; 0: at once; null: they stay. Seconds. */
  readonly othersExpireIn?: Seconds | null | undefined
}

/** What to change of a secret; what is absent stays. */
export interface ClientSecretPatch {
  /** It still works, and each use of it is told. */
  readonly muted?: boolean | undefined
}

const secret = secretText
  .refine((value) => !/\p{Cc}/u.test(value), 'must not contain control characters')
  .refine(
    (value) => isStrongSecret(value) || Buffer.byteLength(value) <= MAX_WEAK_SECRET_BYTES,
    'must look random to be longer than 256 bytes',
  )

const fields = {
  name: lineOfText.nullable().optional().describe('What people call it.'),
  public: trueOrFalse.optional().describe('A client that can keep no secret (RFC 6749 §2.1).'),
  grants: setOf(oneOf(['password', 'client_credentials', 'refresh_token']))
    .optional()
    .describe(
      'The grant types the client may use; of a new client `client_credentials`, of a new public one `password` and `refresh_token`.',
    ),
  scopes: scopeTokens.optional().describe('The scopes the client may get; empty: none.'),
  roles: roleNames.optional().describe("Roles in the client's own tokens."),
  claims: claims.optional().describe("Further claims of the client's own tokens."),
  jwks: jwks
    .nullable()
    .optional()
    .describe(
      'Public keys (a JWK Set), by which the client authenticates instead of a secret: `private_key_jwt`; null: none.',
    ),
  accessToken: oneOf(['jwt', 'opaque'])
    .optional()
    .describe('Format of its access tokens on the surfaces standard and realm; of a new client `jwt`.'),
  expiresIn: seconds(1)
    .nullable()
    .optional()
    .describe('How long its access tokens live, in seconds; null: as the surface says.'),
  introspect: oneOf(['own', 'any'])
    .optional()
    .describe(
      'Which tokens it may introspect: those issued to it, or any of the tenant; of a new client `own`.',
    ),
  dpopBoundAccessTokens: trueOrFalse
    .optional()
    .describe(
      'Whether it gets no token without a DPoP proof (RFC 9449 §5.2), and so none but those that are bound to a key; on the surfaces standard and realm, and on spree none at all.',
    ),
  disabled: trueOrFalse.optional().describe('Keeps the client but gives no token.'),
}

export const clientInput = objectOf({
  id: clientId.nullable().optional().describe('The `client_id`; default: made by the server.'),
  secret: secret
    .nullable()
    .optional()
    .describe(
      'The `client_secret`; default for a confidential client without keys: made by the server and answered once.',
    ),
  ...fields,
})

export const clientPatch = objectOf(fields)

export const clientSecretInput = objectOf({
  name: lineOfText.nullable().optional().describe('What people call the secret.'),
  secret: secret.nullable().optional().describe('The secret; default: made by the server and answered once.'),
  expiresIn: seconds(1).nullable().optional().describe('Life of the new secret in seconds; null: no end.'),
  othersExpireIn: seconds(0)
    .nullable()
    .optional()
    .describe("When the client's other secrets end, in seconds from now; 0: at once; null: they stay."),
})

export const clientSecretPatch = objectOf({
  muted: trueOrFalse
    .optional()
    .describe('Whether each use of the secret is told, in the log and by a metric; it works all the same.'),
})

/** What is wrong with the client as it would be, whatever part of it was changed. */
export function clientProblems(
  client: Pick<ClientRow, 'public' | 'grants' | 'introspect' | 'jwks'>,
  hasSecret: boolean,
): readonly Problem[] {
  if (!client.public) return []
  const problems: Problem[] = []
  if (hasSecret) {
    problems.push({ path: 'public', message: 'must not be true as long as the client has a secret' })
  }
  if (client.jwks !== null) {
    problems.push({
      path: 'jwks',
      message: 'must not be there: the client is public, and can keep no private key',
    })
  }
  if (client.introspect === 'any') {
    problems.push({ path: 'introspect', message: 'must not be any: the client is public' })
  }
  const index = client.grants.indexOf('client_credentials')
  if (index >= 0) {
    // RFC 6749 §4.4: "MUST only be used by confidential clients."
    const message = 'must not be client_credentials: the client is public (RFC 6749 §4.4)'
    problems.push({ path: `grants[${index}]`, message })
  }
  return problems
}

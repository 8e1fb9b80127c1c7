import type { z } from 'zod'
import { GRANT_TYPES } from '../protocol/token.ts'
import { claims } from './claims-value.ts'
import { documented, type Immutable, mappingOf, orNull, setOf } from './option.ts'
import { lifetime, trueOrFalse } from './scalar-values.ts'
import {
  clientId,
  email,
  filePath,
  lineOfText,
  oneOf,
  passwordHash,
  roleName,
  scopeToken,
  secretText,
  userId,
} from './text-values.ts'

const roles = setOf(roleName).default([])
const configuredClaims = claims.default({})
const disabled = trueOrFalse.default(false)

/** The options of a user. */
export const USER_SHAPE = {
  username: documented(lineOfText, {
    sentence: 'The name the user logs in with; an e-mail address is matched in any case.',
    type: 'text',
    default: 'required',
  }),
  id: documented(orNull(userId), {
    sentence: "The `sub` of the user's tokens; set it to keep the one of another system.",
    type: 'text',
    default: 'made by the server',
  }),
  email: documented(orNull(email), {
    sentence: 'An e-mail address the user can log in with too.',
    type: 'e-mail address',
    default: 'none',
  }),
  password: documented(orNull(secretText), {
    sentence: 'The password. It is stored as an argon2id hash.',
    type: 'text',
    default: 'none: the user can not log in until one is set',
  }),
  passwordFile: documented(filePath.optional(), {
    sentence: 'File that holds the password, relative to the configuration file.',
    type: 'path',
    default: 'none',
  }),
  passwordHash: documented(orNull(passwordHash), {
    sentence: 'The hash of the password in place of the password, as another system stored it.',
    type: 'PHC string, bcrypt hash or `authlogic_sha512:…`',
    default: 'none',
  }),
  roles: documented(roles, {
    sentence: 'Roles, as they stand in tokens.',
    type: 'list of roles',
    default: '`[]`',
  }),
  scopes: documented(orNull(setOf(scopeToken)), {
    sentence: 'The only scopes the user may get.',
    type: 'list of scopes',
    default: 'no restriction',
  }),
  claims: documented(configuredClaims, {
    sentence: "Further claims of the user's tokens; those of the server itself can not be set.",
    type: 'mapping of names to JSON values',
    default: '`{}`',
  }),
  disabled: documented(disabled, {
    sentence: 'Keeps the user but gives no token.',
    type: '`true` or `false`',
    default: '`false`',
  }),
}

/** The options of a client. */
export const CLIENT_SHAPE = {
  id: documented(clientId, { sentence: 'The `client_id`.', type: 'text', default: 'required' }),
  name: documented(orNull(lineOfText), { sentence: 'What people call it.', type: 'text', default: 'none' }),
  public: documented(trueOrFalse.default(false), {
    sentence: 'A client that can keep no secret, such as an app or a page in the browser (RFC 6749 §2.1).',
    type: '`true` or `false`',
    default: '`false`',
  }),
  secret: documented(orNull(secretText), {
    sentence: 'The `client_secret`. It is stored as a hash.',
    type: 'text',
    default: 'required, unless the client is public',
  }),
  secretFile: documented(filePath.optional(), {
    sentence: 'File that holds the secret, relative to the configuration file.',
    type: 'path',
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
  roles: documented(roles, {
    sentence: "Roles in the client's own tokens.",
    type: 'list of roles',
    default: '`[]`',
  }),
  claims: documented(configuredClaims, {
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
  disabled: documented(disabled, {
    sentence: 'Keeps the client but gives no token.',
    type: '`true` or `false`',
    default: '`false`',
  }),
}

/** A user as the file lists it. Files are read before: see secret-files.ts. */
export const user = mappingOf(USER_SHAPE).transform(({ passwordFile: _, ...rest }) => rest)

/** A client as the file lists it. */
export const client = mappingOf(CLIENT_SHAPE).transform(({ secretFile: _, ...rest }) => rest)

export type UserConfig = Immutable<z.output<typeof user>>

export type ClientConfig = Immutable<z.output<typeof client>>

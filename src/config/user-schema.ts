import type { z } from 'zod'
import { claims } from './claims-value.ts'
import { documented, type Immutable, mappingOf, orNull, setOf } from './option.ts'
import { trueOrFalse } from './scalar-values.ts'
import {
  email,
  filePath,
  lineOfText,
  passwordHash,
  roleNames,
  scopeToken,
  secretText,
  userId,
} from './text-values.ts'

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
  roles: documented(roleNames.default([]), {
    sentence: 'Roles, as they stand in tokens.',
    type: 'list of roles',
    default: '`[]`',
  }),
  scopes: documented(orNull(setOf(scopeToken)), {
    sentence: 'The only scopes the user may get.',
    type: 'list of scopes',
    default: 'no restriction',
  }),
  claims: documented(claims.default({}), {
    sentence: "Further claims of the user's tokens; those of the server itself can not be set.",
    type: 'mapping of names to JSON values',
    default: '`{}`',
  }),
  disabled: documented(trueOrFalse.optional(), {
    sentence: 'Keeps the user but gives no token.',
    type: '`true` or `false`',
    default: '`false`; of one that is there already, as it is',
  }),
}

/** A user as the file lists it; `passwordFile` was read before. */
export const user = mappingOf(USER_SHAPE).transform(({ passwordFile: _, ...rest }) => rest)

/** A user, with defaults filled in. */
export type UserConfig = Immutable<z.output<typeof user>>

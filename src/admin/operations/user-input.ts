import { parseLegacyHash } from '../../crypto/password-legacy.ts'
import type { Secret } from '../../protocol/secret.ts'
import type { Claims } from '../../store/rows.ts'
import type { Problem } from './admin-error.ts'
import {
  claims,
  email,
  lineOfText,
  objectOf,
  roleNames,
  scopeTokens,
  secretText,
  trueOrFalse,
  userId,
} from './fields.ts'

const MAX_PASSWORD_BYTES = 256
const ARGON2 = /^\$argon2(id|i|d)\$(v=\d+\$)?m=\d+,t=\d+,p=\d+\$[\w+/]+\$[\w+/]+$/

/** A user to create, with the field names of the configuration file. */
export interface UserInput extends UserPatch {
  readonly username: string
  /** The `sub`; default: made by the server. */
  readonly id?: string | null | undefined
}

/** What to change of a user; what is absent stays. */
export interface UserPatch {
  readonly username?: string | undefined
  readonly email?: string | null | undefined
  /** Null: the user can not log in with a password. */
  readonly password?: string | Secret | null | undefined
  /** In place of `password`, as another system stored it. */
  readonly passwordHash?: string | Secret | null | undefined
  readonly roles?: readonly string[] | undefined
  /** The only scopes the user may get; null: no restriction. */
  readonly scopes?: readonly string[] | null | undefined
  readonly claims?: Claims | undefined
  readonly disabled?: boolean | undefined
}

/** What a hasher takes: see crypto/password.ts. */
const password = secretText
  .refine((value) => Buffer.byteLength(value) <= MAX_PASSWORD_BYTES, 'must not be longer than 256 bytes')
  .refine((value) => !value.includes('\0'), 'must not contain a NUL character')

const passwordHash = secretText.refine(
  (value) => ARGON2.test(value) || parseLegacyHash(value) !== null,
  'must be an argon2 hash in PHC string format, a bcrypt hash ($2…), authlogic_sha512:… or devise_…',
)

const fields = {
  username: lineOfText.describe('The name the user logs in with; an e-mail address is matched in any case.'),
  email: email.nullable().optional().describe('An e-mail address the user can log in with too.'),
  password: password.nullable().optional().describe('The password. It is stored as an argon2id hash.'),
  passwordHash: passwordHash
    .nullable()
    .optional()
    .describe('The hash of the password in place of the password, as another system stored it.'),
  roles: roleNames.optional().describe('Roles, as they stand in tokens.'),
  scopes: scopeTokens
    .nullable()
    .optional()
    .describe('The only scopes the user may get; null: no restriction.'),
  claims: claims.optional().describe("Further claims of the user's tokens."),
  disabled: trueOrFalse.optional().describe('Keeps the user but gives no token.'),
}

export const userInput = objectOf({
  ...fields,
  id: userId.nullable().optional().describe("The `sub` of the user's tokens; default: made by the server."),
})

export const userPatch = objectOf({ ...fields, username: fields.username.optional() })

/** A user has one way to be given a password. */
export function passwordProblems(input: {
  readonly password?: string | null | undefined
  readonly passwordHash?: string | null | undefined
}): readonly Problem[] {
  const both = typeof input.password === 'string' && typeof input.passwordHash === 'string'
  return both ? [{ path: 'passwordHash', message: 'must not be there beside password' }] : []
}

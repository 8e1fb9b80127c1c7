import { sha256 } from '../../crypto/digest.ts'
import { loginKey } from '../../store/store.ts'
import type { ImportedUser } from '../import.ts'
import { Unreadable } from '../unreadable.ts'
import type { CsvColumns } from './table.ts'
import { isYes, listOf } from './values.ts'

const CLAIM = 'claims.'

export const USER_COLUMNS: CsvColumns = {
  names: ['id', 'username', 'email', 'password', 'password_hash', 'roles', 'disabled'],
  prefixes: [CLAIM],
  required: [['username', 'email']],
}

/** A user, and the password that is to be hashed; null: there is none, or a hash of it. */
export interface CsvUser {
  readonly user: ImportedUser
  readonly password: string | null
}

/** What a hasher takes: see crypto/password.ts. */
const MAX_PASSWORD_BYTES = 256

/** Throws `Unreadable`. */
export function readUser(fields: ReadonlyMap<string, string>, tenant: string): CsvUser {
  const email = fields.get('email') ?? null
  const username = fields.get('username') ?? email
  if (username === null) throw new Unreadable('has neither username nor email')
  const password = fields.get('password') ?? null
  const passwordHash = fields.get('password_hash') ?? null
  if (password !== null && passwordHash !== null) throw new Unreadable('has both password and password_hash')
  if (password !== null && !isHashable(password))
    throw new Unreadable(`has a password of more than ${MAX_PASSWORD_BYTES} bytes, or with a NUL`)
  const claims = [...fields].filter(([name]) => name.startsWith(CLAIM))
  return {
    user: {
      id: fields.get('id') ?? idOf(username, tenant),
      username,
      email,
      passwordHash,
      roles: listOf(fields, 'roles'),
      claims: Object.fromEntries(claims.map(([name, value]) => [name.slice(CLAIM.length), value])),
      disabled: isYes(fields, 'disabled'),
      createdAt: null,
    },
    password,
  }
}

/** The same whenever the user is read, in the form that ids have which the server makes. */
function idOf(username: string, tenant: string): string {
  const digest = Buffer.from(sha256(`${tenant}\n${loginKey(username)}`))
  return `auth0|${digest.toString('hex').slice(0, 24)}`
}

function isHashable(password: string): boolean {
  return Buffer.byteLength(password) <= MAX_PASSWORD_BYTES && !password.includes('\0')
}

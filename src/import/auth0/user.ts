import type { EpochSeconds } from '../../protocol/time.ts'
import type { Claims } from '../../store/rows.ts'
import type { ImportedUser } from '../import.ts'
import { isObject } from '../json-records.ts'
import { Unreadable } from '../unreadable.ts'
import { type MemberPath, memberAt } from './member-path.ts'
import { passwordHashOf } from './passwords.ts'

/** Where a user of Auth0 has what stands in tokens here. */
export interface Auth0Members {
  readonly roles: MemberPath
  /** By the name of the claim. */
  readonly claims: ReadonlyMap<string, MemberPath>
}

type Members = Readonly<Record<string, unknown>>

/** The prefix of users of Auth0's own databases, before which their ids stand. */
const DATABASE = 'auth0|'

/**
 * A user as one of Auth0's exports has it. Throws `Unreadable`.
 * `hashOf`: the password hash that another export has of the user.
 */
export function readUser(
  user: Members,
  { roles, claims }: Auth0Members,
  hashOf: (id: string) => string | null,
): ImportedUser {
  const id = idOf(user)
  const email = textOf(user, 'email')
  const username = textOf(user, 'username') ?? email
  if (username === null) throw new Unreadable('has neither username nor email')
  if (user.blocked != null && typeof user.blocked !== 'boolean')
    throw new Unreadable('has a blocked that is not true or false')
  return {
    id,
    username,
    email,
    passwordHash: passwordHashOf(user) ?? hashOf(id),
    roles: rolesOf(memberAt(user, roles), roles),
    claims: claimsOf(user, claims),
    disabled: user.blocked === true,
    createdAt: timeOf(user.created_at),
  }
}

/** The `sub` of the user's tokens at Auth0. */
export function idOf({ user_id: given, _id: row }: Members): string {
  if (typeof given === 'string' && given !== '') return given.includes('|') ? given : DATABASE + given
  const oid = isObject(row) ? row.$oid : undefined
  if (typeof oid === 'string' && oid !== '') return DATABASE + oid
  throw new Unreadable('has neither user_id nor _id: the sub of its tokens is not known')
}

function textOf(user: Members, name: 'email' | 'username'): string | null {
  const value = user[name]
  if (value == null || value === '') return null
  if (typeof value !== 'string') throw new Unreadable(`has a ${name} that is no text`)
  return value
}

function rolesOf(value: unknown, path: MemberPath): readonly string[] {
  const list = typeof value === 'string' ? [value] : (value ?? [])
  if (!Array.isArray(list) || list.some((role) => typeof role !== 'string'))
    throw new Unreadable(`has no list of names at ${path}`)
  return [...new Set(list)]
}

function claimsOf(user: Members, claims: Auth0Members['claims']): Claims {
  const found = [...claims].map(([name, path]) => [name, memberAt(user, path)] as const)
  return Object.fromEntries(found.filter(([, value]) => value != null))
}

/** ISO 8601, or as MongoDB exports it; null: nobody knows. */
function timeOf(value: unknown): EpochSeconds | null {
  const text = isObject(value) ? value.$date : value
  const time = typeof text === 'string' ? Date.parse(text) : Number.NaN
  return Number.isNaN(time) || time < 0 ? null : Math.floor(time / 1000)
}

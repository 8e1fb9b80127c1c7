import type { EpochSeconds } from '../../protocol/time.ts'
import { epochSeconds } from '../../protocol/time.ts'
import type { Claims, UserRow, UserSuccessor } from '../../store/rows.ts'
import { changeRow, fieldsChanged, notFound, toConflict } from './change-row.ts'
import { endOfTokens } from './end-of-tokens.ts'
import { type Expectation, eventOf, type Listed, type Operations } from './operations.ts'
import { requireTenant } from './require-tenant.ts'
import { insertSubject } from './subjects.ts'
import { passwordProblems, type UserInput, type UserPatch, userInput, userPatch } from './user-input.ts'
import { validated } from './validated.ts'

/** A user as operators see it. */
export interface UserResource {
  readonly id: string
  readonly username: string
  readonly email: string | null
  /** Whether the user may log in with a password. */
  readonly hasPassword: boolean
  readonly roles: readonly string[]
  readonly scopes: readonly string[] | null
  readonly claims: Claims
  readonly disabled: boolean
  /** Tokens issued earlier are dead. */
  readonly tokensValidAfter: EpochSeconds
  readonly createdAt: EpochSeconds
  /** The client that takes the user's place, and since when; null: none. */
  readonly successor: UserSuccessor | null
  readonly version: number
}

/** Throws `not_found` (tenant), `invalid`, and `conflict` if id, user name or e-mail address are taken. */
export async function createUser(
  operations: Operations,
  tenant: string,
  input: UserInput,
): Promise<UserResource> {
  await requireTenant(operations, tenant)
  const { password, passwordHash, ...fields } = validated('user', userInput, input, passwordProblems)
  const row = newUserRow(operations, tenant, fields, await hashOf(operations, password, passwordHash))
  await insertUser(operations, row)
  return toUserResource(row)
}

/** Throws `not_found`. */
export async function showUser(operations: Operations, tenant: string, id: string): Promise<UserResource> {
  await requireTenant(operations, tenant)
  const row = await operations.store.findUser(tenant, id)
  if (row === null) throw notFound('user')
  return toUserResource(row)
}

/** In the order of their ids. Throws `not_found` (tenant). */
export async function listUsers(
  operations: Operations,
  tenant: string,
  page: { readonly after: string | null; readonly limit: number },
): Promise<Listed<UserResource, string>> {
  await requireTenant(operations, tenant)
  const { rows, next } = await operations.store.listUsers(tenant, page.after, page.limit)
  return { items: rows.map(toUserResource), next }
}

/**
 * Changes what the patch names. A changed password and disabling end all tokens issued until now, for good: enabling
 * the user again revives none. Lost roles and scopes need nothing here, since each use of a token reads them anew.
 * Throws `not_found`, `invalid`, `changed`, and `conflict` if the user name or e-mail address is taken.
 */
export async function updateUser(
  operations: Operations,
  tenant: string,
  id: string,
  patch: UserPatch,
  expectation: Expectation = {},
): Promise<UserResource> {
  await requireTenant(operations, tenant)
  const { password, passwordHash, ...fields } = validated('user', userPatch, patch, passwordProblems)
  const hash = await hashOf(operations, password, passwordHash)
  return toUserResource(await changeUser(operations, tenant, id, { fields, passwordHash: hash }, expectation))
}

/** Null: the user can not log in with a password. Ends all tokens issued until now. As `updateUser`. */
export async function setPassword(
  operations: Operations,
  tenant: string,
  id: string,
  password: UserPatch['password'],
  expectation: Expectation = {},
): Promise<UserResource> {
  return updateUser(operations, tenant, id, { password: password ?? null }, expectation)
}

/** The user's tokens are dead with it, and its id is given to nobody again. Throws `not_found` and `changed`. */
export async function deleteUser(
  operations: Operations,
  tenant: string,
  id: string,
  { version }: Expectation = {},
): Promise<void> {
  await requireTenant(operations, tenant)
  // The port deletes whatever version there is, so one that is expected is claimed by a change first.
  if (version !== undefined) {
    await changeUser(
      operations,
      tenant,
      id,
      { fields: { disabled: true }, passwordHash: undefined },
      { version },
    )
  }
  const event = eventOf(operations, 'user.delete', { tenant, user: id })
  if (!(await operations.store.deleteUser(tenant, id, event))) throw notFound('user')
}

type UserFields = { readonly [Name in keyof Omit<UserPatch, 'password' | 'passwordHash'>]: UserPatch[Name] }

/** A change of a user's row. `passwordHash`: undefined stays, null takes it away. */
export interface UserChange {
  readonly fields: UserFields
  readonly passwordHash: string | null | undefined
}

export async function changeUser(
  operations: Operations,
  tenant: string,
  id: string,
  change: UserChange,
  expectation: Expectation,
): Promise<UserRow> {
  const { store } = operations
  const access = {
    noun: 'user',
    find: () => store.findUser(tenant, id),
    change: (row: UserRow) => changedUser(operations, row, change),
    save(changed: UserRow, before: UserRow) {
      const details = fieldsChanged(before, changed)
      return store.updateUser(changed, eventOf(operations, 'user.update', { tenant, user: id, details }))
    },
  }
  return await changeRow(access, expectation)
}

async function changedUser(
  operations: Operations,
  row: UserRow,
  { fields, passwordHash }: UserChange,
): Promise<UserRow> {
  const given = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
  const changed: UserRow = {
    ...row,
    ...given,
    passwordHash: passwordHash === undefined ? row.passwordHash : passwordHash,
  }
  const endsTokens = passwordHash !== undefined || (changed.disabled && !row.disabled)
  return endsTokens ? { ...changed, tokensValidAfter: await endOfTokens(operations, 'user', row) } : changed
}

/** The row of a user that is not there yet. */
export function newUserRow(
  { clock, random }: Operations,
  tenant: string,
  fields: Omit<UserInput, 'password' | 'passwordHash'>,
  passwordHash: string | null | undefined,
): UserRow {
  return {
    tenant,
    id: fields.id ?? `auth0|${Buffer.from(random.bytes(12)).toString('hex')}`,
    username: fields.username,
    email: fields.email ?? null,
    passwordHash: passwordHash ?? null,
    roles: fields.roles ?? [],
    scopes: fields.scopes ?? null,
    claims: fields.claims ?? {},
    disabled: fields.disabled ?? false,
    // Ids are never given twice, so there are no tokens of an earlier user, but perhaps imported ones of this one.
    tokensValidAfter: 0,
    createdAt: epochSeconds(clock),
    version: 1,
  }
}

/** Throws `conflict` if the id, the user name or the e-mail address is taken. */
export async function insertUser(operations: Operations, row: UserRow): Promise<void> {
  const { tenant } = row
  await insertSubject(operations, 'user', tenant, row.id, async () => {
    try {
      await operations.store.insertUser(row, eventOf(operations, 'user.create', { tenant, user: row.id }))
    } catch (thrown) {
      throw toConflict(thrown)
    }
  })
}

/** What to store for a password; undefined: none was given. */
async function hashOf(
  { passwords }: Operations,
  password: string | null | undefined,
  passwordHash: string | null | undefined,
): Promise<string | null | undefined> {
  if (typeof password === 'string') return await passwords.hash(password)
  return passwordHash ?? (password === undefined ? passwordHash : null)
}

export function toUserResource(row: UserRow): UserResource {
  return {
    id: row.id,
    username: row.username,
    email: row.email,
    hasPassword: row.passwordHash !== null,
    roles: row.roles,
    scopes: row.scopes,
    claims: row.claims,
    disabled: row.disabled,
    tokensValidAfter: row.tokensValidAfter,
    createdAt: row.createdAt,
    successor: row.successor ?? null,
    version: row.version,
  }
}

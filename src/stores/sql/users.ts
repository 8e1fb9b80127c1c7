import { formatScope } from '../../protocol/scope.ts'
import type { AuditEvent } from '../../store/audit.ts'
import { StoreConflict } from '../../store/errors.ts'
import type { Claims, UserRow, UserSuccessor } from '../../store/rows.ts'
import { loginKey, type UserStore } from '../../store/store.ts'
import { pageOf } from '../page.ts'
import { keepRows } from './kept-rows.ts'
import {
  change,
  changeReturning,
  type Operation,
  placeHolders,
  record,
  type SqlDriver,
  type SqlRow,
  type SqlValue,
  select,
} from './operation.ts'
import { withTenantEnd } from './tenant-end.ts'
import { scopeFromColumn } from './token-columns.ts'

export const USER_COLUMNS =
  'tenant, id, username, email, password_hash, roles, scopes, claims, disabled, ' +
  'tokens_valid_after, created_at, successor, version'
export const READ_USER = withTenantEnd(USER_COLUMNS, 'users')
const FIND = `select ${READ_USER} from users where tenant = ? and id = ?`
const FIND_BY_LOGIN = `select ${READ_USER} from users
  where tenant = ? and id = (select user_id from user_logins where tenant = ? and login = ?)`
const LIST = `select ${READ_USER} from users where tenant = ? and id > ? order by id limit ?`
const INSERT = `insert into users (${USER_COLUMNS}) values (${placeHolders(USER_COLUMNS)})
  on conflict (tenant, id) do nothing`
export const SET_USER = `username = ?, email = ?, password_hash = ?, roles = ?, scopes = ?, claims = ?,
  disabled = ?, tokens_valid_after = ?, created_at = ?, successor = ?, version = version + 1`
const UPDATE = `update users set ${SET_USER} where tenant = ? and id = ? and version = ?`
const DELETE = `delete from users where tenant = ? and id = ? returning ${USER_COLUMNS}`
export const INSERT_LOGIN = `insert into user_logins (tenant, login, user_id) values (?, ?, ?)
  on conflict (tenant, login) do nothing`
export const DELETE_LOGIN = 'delete from user_logins where tenant = ? and login = ? and user_id = ?'
const IS_RETIRED = 'select 1 from retired_users where tenant = ? and id = ?'
const RETIRE = 'insert into retired_users (tenant, id) values (?, ?) on conflict do nothing'

type UserColumns = readonly [
  tenant: string,
  id: string,
  username: string,
  email: string | null,
  passwordHash: string | null,
  roles: string,
  scopes: string | null,
  claims: string,
  disabled: number,
  tokensValidAfter: number,
  createdAt: number,
  successor: string | null,
  version: number,
]

export function sqlUsers(driver: SqlDriver): UserStore {
  async function find(tenant: string, id: string): Promise<UserRow | null> {
    const [row] = await driver.read(FIND, [tenant, id])
    return row === undefined ? null : userFromColumns(row)
  }

  return {
    findUserByLogin: keepRows('users', driver.currentGenerationOf, async (tenant, login) => {
      const [row] = await driver.read(FIND_BY_LOGIN, [tenant, tenant, loginKey(login)])
      return row === undefined ? null : userFromColumns(row)
    }),
    findUser: keepRows('users', driver.generationOf, find),
    findCurrentUser: keepRows('users', driver.currentGenerationOf, find),
    insertUser: (user, event) => driver.write(() => insertUser(user, event)),
    updateUser: (user, event) => driver.write(() => updateUser(user, event)),
    deleteUser: (tenant, id, event) => driver.write(() => deleteUser(tenant, id, event)),
    isUserDeleted: async (tenant, id) => (await driver.read(IS_RETIRED, [tenant, id])).length > 0,
    async listUsers(tenant, after, limit) {
      const rows = await driver.read(LIST, [tenant, after ?? '', limit + 1])
      return pageOf(rows.map(userFromColumns), limit, (user) => user.id)
    },
  }
}

/**
 * The row first: that waits for a deletion of the id that is under way, and only then is it certain whether the id
 * was retired.
 */
function* insertUser(user: UserRow, event: AuditEvent | undefined): Operation<void> {
  const inserted = yield* change(INSERT, ...userToColumns(user))
  if (inserted === 0) throw idTaken()
  const retired = yield* select(IS_RETIRED, user.tenant, user.id)
  if (retired.length > 0) throw idTaken()
  for (const login of loginsOf(user)) yield* insertLogin(user, login)
  yield* record(event)
}

export function* updateUser(user: UserRow, event: AuditEvent | undefined): Operation<UserRow> {
  const [known] = yield* select(FIND, user.tenant, user.id)
  const updated = yield* change(UPDATE, ...userToSet(user), user.tenant, user.id, user.version)
  const before = known === undefined ? null : userFromColumns(known)
  // Its names must be those of the very version that was replaced.
  if (updated === 0 || before?.version !== user.version) {
    throw new StoreConflict('changed', 'the user was changed or deleted since it was read')
  }
  yield* replaceLogins(loginsOf(before), user)
  yield* record(event)
  return { ...user, version: user.version + 1 }
}

function* replaceLogins(before: ReadonlySet<string>, user: UserRow): Operation<void> {
  const after = loginsOf(user)
  for (const login of before) {
    if (!after.has(login)) yield* change(DELETE_LOGIN, user.tenant, login, user.id)
  }
  for (const login of after) if (!before.has(login)) yield* insertLogin(user, login)
}

/** The row first: its names are those it had when it went, whatever it was called when it was read. */
function* deleteUser(tenant: string, id: string, event: AuditEvent | undefined): Operation<boolean> {
  const [deleted] = yield* changeReturning(DELETE, tenant, id)
  if (deleted === undefined) return false
  for (const login of loginsOf(userFromColumns(deleted))) yield* change(DELETE_LOGIN, tenant, login, id)
  yield* change(RETIRE, tenant, id)
  yield* record(event)
  return true
}

function* insertLogin(user: UserRow, login: string): Operation<void> {
  const inserted = yield* change(INSERT_LOGIN, user.tenant, login, user.id)
  if (inserted === 0) throw new StoreConflict('exists', 'the user name or e-mail address is taken')
}

/** The names by which a user is found. */
export function loginsOf(user: UserRow): ReadonlySet<string> {
  const names = user.email === null ? [user.username] : [user.username, user.email]
  return new Set(names.map(loginKey))
}

function idTaken(): StoreConflict {
  return new StoreConflict('exists', 'the user id is taken, or was given to a user who is deleted')
}

/** The values of `SET_USER`. */
export function userToSet(user: UserRow): readonly SqlValue[] {
  return userToColumns(user).slice(2, -1)
}

export function userToColumns(user: UserRow): UserColumns {
  return [
    user.tenant,
    user.id,
    user.username,
    user.email,
    user.passwordHash,
    JSON.stringify(user.roles),
    user.scopes === null ? null : formatScope(user.scopes),
    JSON.stringify(user.claims),
    user.disabled ? 1 : 0,
    user.tokensValidAfter,
    user.createdAt,
    user.successor === undefined ? null : JSON.stringify(user.successor),
    user.version,
  ]
}

export function userFromColumns(columns: SqlRow): UserRow {
  const user = columns as UserColumns
  return {
    tenant: user[0],
    id: user[1],
    username: user[2],
    email: user[3],
    passwordHash: user[4],
    roles: JSON.parse(user[5]) as string[],
    scopes: user[6] === null ? null : scopeFromColumn(user[6]),
    claims: JSON.parse(user[7]) as Claims,
    disabled: user[8] === 1,
    tokensValidAfter: user[9],
    createdAt: user[10],
    ...(user[11] !== null && { successor: JSON.parse(user[11]) as UserSuccessor }),
    version: user[12],
  }
}

import type { AuditEvent } from '../../store/audit.ts'
import type { ImportedUserOutcome, ImportedUserRow } from '../../store/imported-rows.ts'
import type { UserRow } from '../../store/rows.ts'
import { changeMany, inTurns, selectMany } from './many-rows.ts'
import { change, type Operation, record, type SqlRow, type SqlValue } from './operation.ts'
import { DELETE_LOGIN, loginsOf, USER_COLUMNS, userToColumns } from './users.ts'

const INSERT = (
  tuples: string,
) => `insert into users (${USER_COLUMNS}, import_mark, import_version) values ${tuples}
  on conflict (tenant, id) do nothing returning tenant, id`
const RETIRED = (tuples: string) =>
  `select tenant, id from retired_users where (tenant, id) in (values ${tuples})`
const INSERT_LOGINS = (tuples: string) => `insert into user_logins (tenant, login, user_id) values ${tuples}
  on conflict (tenant, login) do nothing returning tenant, login`
const DELETE = 'delete from users where tenant = ? and id = ?'

/** Many users at a time: as `insertUser` in `users.ts`, and in the same order, but what can not come is taken back. */
export function* importUsers(
  users: readonly ImportedUserRow[],
  event: AuditEvent | undefined,
): Operation<readonly ImportedUserOutcome[]> {
  const outcomes = new Map<UserRow, ImportedUserOutcome>()
  for (const turn of inTurns(users, (user) => [`id ${nameOf(idOf(user))}`, ...loginNames(user)])) {
    yield* importApart(turn, outcomes)
  }
  const result = users.map((user) => outcomes.get(user) ?? 'known')
  if (result.includes('imported')) yield* record(event)
  return result
}

/** Users of whom no two have an id or a name in common. Notes what became of those that were not known. */
function* importApart(
  users: readonly ImportedUserRow[],
  outcomes: Map<UserRow, ImportedUserOutcome>,
): Operation<void> {
  const isNew = namedIn(yield* changeMany(INSERT, users.map(importedToColumns)))
  const added = users.filter((user) => isNew(idOf(user)))
  const isRetired = namedIn(yield* selectMany(RETIRED, added.map(idOf)))
  const logins = added.flatMap((user) => (isRetired(idOf(user)) ? [] : tuplesOf(user)))
  const isClaimed = namedIn(yield* changeMany(INSERT_LOGINS, logins))
  for (const user of added) {
    const claimed = tuplesOf(user).filter(([tenant, login]) => isClaimed([tenant, login]))
    const outcome = isRetired(idOf(user))
      ? 'deleted'
      : claimed.length < tuplesOf(user).length
        ? 'name_taken'
        : 'imported'
    outcomes.set(user, outcome)
    if (outcome === 'imported') continue
    for (const tuple of claimed) yield* change(DELETE_LOGIN, ...tuple)
    yield* change(DELETE, user.tenant, user.id)
  }
}

function importedToColumns(user: ImportedUserRow): readonly SqlValue[] {
  const { mark = null, version } = user
  return [...userToColumns(user), mark, mark === null ? null : version]
}

type Name = readonly [tenant: string, name: string]

function idOf({ tenant, id }: UserRow): Name {
  return [tenant, id]
}

function tuplesOf(user: UserRow): readonly (readonly [tenant: string, login: string, id: string])[] {
  return [...loginsOf(user)].map((login) => [user.tenant, login, user.id])
}

function loginNames(user: UserRow): readonly string[] {
  return [...loginsOf(user)].map((login) => `login ${nameOf([user.tenant, login])}`)
}

/** No id of a tenant has a space in it. */
function nameOf([tenant, name]: readonly SqlValue[]): string {
  return `${tenant} ${name}`
}

function namedIn(rows: readonly SqlRow[]): (name: Name) => boolean {
  const names = new Set(rows.map(nameOf))
  return (name) => names.has(nameOf(name))
}

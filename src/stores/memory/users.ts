import { StoreConflict } from '../../store/errors.ts'
import type { FollowedRow, FollowOutcome, ImportStore } from '../../store/imported-rows.ts'
import type { UserRow } from '../../store/rows.ts'
import { loginKey, type SuccessorStore, type UserStore } from '../../store/store.ts'
import type { MemoryAudit } from './audit.ts'
import { createImportMarks } from './import-marks.ts'
import { changed, mapKey, pageById } from './map-key.ts'
import type { ReadHolder } from './tenant-end.ts'

/** Replaces a password hash that still is `from`. */
export type Rehash = (tenant: string, userId: string, from: string, to: string) => void

interface MemoryUsers {
  readonly store: UserStore &
    Pick<ImportStore, 'importUsers' | 'findKnownUsers' | 'followUsers'> &
    Pick<SuccessorStore, 'listUsersWithSuccessor'>
  readonly versionOf: (tenant: string, id: string) => number | undefined
  readonly rehash: Rehash
}

export function memoryUsers(read: ReadHolder, record: MemoryAudit['record']): MemoryUsers {
  const users = new Map<string, UserRow>()
  const logins = new Map<string, string>()
  const retired = new Set<string>()
  const marks = createImportMarks<UserRow>()

  function loginsOf(user: UserRow): string[] {
    const names = [user.username, ...(user.email === null ? [] : [user.email])]
    return names.map((name) => mapKey(user.tenant, loginKey(name)))
  }
  /** The names a user is found by, refusing those that are another's. */
  function freeLogins(user: UserRow): string[] {
    const keys = loginsOf(user)
    if (keys.some((key) => (logins.get(key) ?? user.id) !== user.id)) {
      throw new StoreConflict('exists', 'the user name or e-mail address is taken')
    }
    return keys
  }
  function forgetLogins(user: UserRow): void {
    logins.delete(mapKey(user.tenant, loginKey(user.username)))
    if (user.email !== null) logins.delete(mapKey(user.tenant, loginKey(user.email)))
  }
  function save(user: UserRow, keys: readonly string[]): UserRow {
    users.set(mapKey(user.tenant, user.id), user)
    for (const key of keys) logins.set(key, user.id)
    return user
  }

  function follow({ from, to, mark, event }: FollowedRow<UserRow>): FollowOutcome {
    const key = mapKey(from.tenant, from.id)
    if (loginsOf(to).some((login) => (logins.get(login) ?? from.id) !== from.id)) return 'name_taken'
    if (users.get(key)?.version !== from.version) return 'changed'
    forgetLogins(from)
    const saved = save({ ...to, version: from.version + 1 }, loginsOf(to))
    marks.set(key, mark, saved.version)
    record(event)
    return 'followed'
  }

  const all = () => [...users.values()].map((row) => read(row))
  const find = async (tenant: string, id: string) => read(users.get(mapKey(tenant, id)))

  return {
    rehash(tenant, userId, from, to) {
      const user = users.get(mapKey(tenant, userId))
      if (user?.passwordHash !== from) return
      save({ ...user, passwordHash: to, version: user.version + 1 }, [])
      marks.keep(mapKey(tenant, userId))
    },
    versionOf: (tenant, id) => users.get(mapKey(tenant, id))?.version,
    store: {
      async findUserByLogin(tenant, login) {
        return read(users.get(mapKey(tenant, logins.get(mapKey(tenant, loginKey(login))) ?? '')))
      },
      findUser: find,
      findCurrentUser: find,
      async insertUser(user, event) {
        const key = mapKey(user.tenant, user.id)
        if (users.has(key) || retired.has(key)) throw new StoreConflict('exists', 'the user id is taken')
        save(user, freeLogins(user))
        record(event)
      },
      async importUsers(rows, event) {
        const outcomes = rows.map(({ mark, ...user }) => {
          const key = mapKey(user.tenant, user.id)
          if (users.has(key)) return 'known'
          if (retired.has(key)) return 'deleted'
          if (loginsOf(user).some((login) => logins.has(login))) return 'name_taken'
          save(user, freeLogins(user))
          if (mark !== undefined) marks.set(key, mark, user.version)
          return 'imported'
        })
        if (outcomes.includes('imported')) record(event)
        return outcomes
      },
      async findKnownUsers(tenant, ids) {
        const found = ids.map((id) => read(users.get(mapKey(tenant, id))))
        return found.flatMap((row) => (row === null ? [] : [marks.known(mapKey(tenant, row.id), row)]))
      },
      followUsers: async (changes) => changes.map(follow),
      async updateUser(user, event) {
        const known = users.get(mapKey(user.tenant, user.id))
        if (known?.version !== user.version) throw changed('user')
        const keys = freeLogins(user)
        forgetLogins(known)
        record(event)
        return save({ ...user, version: user.version + 1 }, keys)
      },
      async deleteUser(tenant, id, event) {
        const user = users.get(mapKey(tenant, id))
        if (user === undefined) return false
        forgetLogins(user)
        retired.add(mapKey(tenant, id))
        marks.delete(mapKey(tenant, id))
        record(event)
        return users.delete(mapKey(tenant, id))
      },
      isUserDeleted: async (tenant, id) => retired.has(mapKey(tenant, id)),
      listUsers: async (tenant, after, limit) => pageById(all(), tenant, after, limit),
      listUsersWithSuccessor: async (tenant, after, limit) =>
        pageById(
          all().filter(({ successor }) => successor !== undefined),
          tenant,
          after,
          limit,
        ),
    },
  }
}

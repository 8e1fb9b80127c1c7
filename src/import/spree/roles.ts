import { ImportFailed } from '../import.ts'
import { type ColumnOf, isSpreeUser, type NamedRow } from './source.ts'

/** The roles of all users, of whom there may be millions: most have the same few. */
export interface RolesOfUsers {
  of(userId: string): readonly string[]
}

/** Roles by the ids of users, while they are read. */
export interface RoleCollection extends RolesOfUsers {
  addRole(row: NamedRow<ColumnOf<'spree_roles'>>): void
  addMembership(row: NamedRow<ColumnOf<'spree_role_users'>>): void
  /** Throws `ImportFailed` if there are roles at several stores, and nobody has said which counts. */
  requireOneStore(): void
  /** Names that no role can have here. */
  readonly unusable: readonly string[]
}

/** Since 5.1 a role may be one at a store: at another it is none. */
const STORE = 'Spree::Store'

export function createRoles(store: string | null): RoleCollection {
  const names = new Map<string, string>()
  const unusable: string[] = []
  const stores = new Set<string>()
  /** Lists of names, each once. */
  const lists = new Map<string, readonly string[]>()
  const listOf = new Map<number, readonly string[]>()

  return {
    unusable,
    addRole({ id, name }) {
      if (id === null || name === null) return
      if (/^[^\s\p{Cc}]{1,255}$/u.test(name)) names.set(id, name)
      else unusable.push(name)
    },
    addMembership({
      role_id: role,
      user_id: user,
      user_type: type,
      resource_type: kind,
      resource_id: resource,
    }) {
      const name = names.get(role ?? '')
      if (name === undefined || user === null || !isSpreeUser(type)) return
      if (kind === STORE && resource !== null) {
        stores.add(resource)
        if (store !== null && resource !== store) return
      }
      const all = [...new Set([...(listOf.get(Number(user)) ?? []), name])].sort()
      const key = all.join(' ')
      if (!lists.has(key)) lists.set(key, all)
      listOf.set(Number(user), lists.get(key) as readonly string[])
    },
    requireOneStore() {
      if (store !== null || stores.size < 2) return
      throw new ImportFailed(
        `Users have roles at several stores (${[...stores].sort().join(', ')}): name the one of this tenant with --store.`,
      )
    },
    of: (userId) => listOf.get(Number(userId)) ?? [],
  }
}

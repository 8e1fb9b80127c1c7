import { ImportFailed } from '../import.ts'
import { createIdTable } from './id-table.ts'
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

/** What an `IdTable` can tell apart. */
const MOST_LISTS = 65_535

export function createRoles(store: string | null): RoleCollection {
  const names = new Map<string, string>()
  const unusable: string[] = []
  const stores = new Set<string>()
  /** Lists of names, each once; a user has the number of one. */
  const lists: (readonly string[])[] = [[]]
  const numbers = new Map<string, number>()
  const listOf = createIdTable()

  function numberOf(list: readonly string[]): number {
    const key = list.join(' ')
    const number = numbers.get(key) ?? lists.length
    if (number > MOST_LISTS) throw new ImportFailed('Users have too many different sets of roles.')
    if (number === lists.length) lists.push(list)
    numbers.set(key, number)
    return number
  }

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
      const before = lists[listOf.get(Number(user))] ?? []
      if (!before.includes(name)) listOf.set(Number(user), numberOf([...before, name].sort()))
    },
    requireOneStore() {
      if (store !== null || stores.size < 2) return
      throw new ImportFailed(
        `Users have roles at several stores (${[...stores].sort().join(', ')}): name the one of this tenant with --store.`,
      )
    },
    of: (userId) => lists[listOf.get(Number(userId))] ?? [],
  }
}

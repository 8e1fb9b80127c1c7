import type { FollowedRow, FollowOutcome, ImportedUserOutcome } from '../store/imported-rows.ts'
import type { UserRow } from '../store/rows.ts'
import { loginKey, type Store } from '../store/store.ts'
import type { ImportTarget } from './import-run.ts'
import { createSeenSet } from './seen-set.ts'

/**
 * A target that only looks what would become of each row, and writes nothing. It remembers the names it has seen and
 * those that users would give up, for two rows of the source may have the same.
 */
export function createDryRun(store: Store): ImportTarget {
  const logins = createSeenSet()
  const released = createSeenSet()
  const ids = createSeenSet()
  const hashes = createSeenSet()

  /** Whether somebody has one of the names now, and would keep it. */
  async function areHeld(tenant: string, names: readonly string[]): Promise<boolean> {
    const held = names.filter((name) => !released.has(name))
    const holders = await Promise.all(held.map((name) => store.findUserByLogin(tenant, name)))
    return holders.some((holder) => holder !== null)
  }

  /** What would become of a user, as far as the database tells; null: the user would come, unless the names are taken. */
  async function look({ tenant, id }: UserRow): Promise<'known' | 'deleted' | null> {
    if ((await store.findCurrentUser(tenant, id)) !== null) return 'known'
    return (await store.isUserDeleted(tenant, id)) ? 'deleted' : null
  }

  async function followed({ from, to }: FollowedRow<UserRow>): Promise<FollowOutcome> {
    const before = namesOf(from)
    const after = namesOf(to)
    const claimed = after.filter((name) => !before.includes(name))
    if ((await areHeld(from.tenant, claimed)) || claimed.some((name) => logins.has(name))) return 'name_taken'
    for (const name of claimed) logins.add(name)
    for (const name of before) if (!after.includes(name)) released.add(name)
    return 'followed'
  }

  return {
    nextKey: store.nextKey,
    findCurrentUser: store.findCurrentUser,
    listClients: store.listClients,
    findKnownUsers: store.findKnownUsers,
    findKnownClient: store.findKnownClient,
    findLiveImportedTokens: store.findLiveImportedTokens,
    importClient: async () => {},
    followClient: async () => {},
    async importUsers(users) {
      const found = await Promise.all(users.map(look))
      const held = await Promise.all(users.map((user) => areHeld(user.tenant, namesOf(user))))
      // In their order, for of two with one name the first counts.
      return users.map((user, index): ImportedUserOutcome => {
        const outcome = found[index] ?? null
        if (outcome !== null) return outcome
        if (ids.has(user.id)) return 'known'
        const names = namesOf(user)
        if (held[index] || names.some((name) => logins.has(name))) return 'name_taken'
        ids.add(user.id)
        for (const name of names) logins.add(name)
        return 'imported'
      })
    },
    async followUsers(users) {
      const outcomes: FollowOutcome[] = []
      for (const user of users) outcomes.push(await followed(user))
      return outcomes
    },
    async importTokens(rows) {
      const fresh = await Promise.all(
        rows.map(async ({ tenant, accessHash, refreshHash }) => {
          const own = [accessHash, refreshHash].filter((hash) => hash !== null)
          const known = await Promise.all(own.map((hash) => store.findImportedToken(hash, tenant)))
          if (known.some((row) => row?.tenant === tenant) || own.some((hash) => hashes.has(hash)))
            return false
          for (const hash of own) hashes.add(hash)
          return own.length > 0
        }),
      )
      return fresh.filter(Boolean).length
    },
    endImportedTokens: async (ends) => ends.length,
  }
}

function namesOf({ username, email }: UserRow): readonly string[] {
  return [...new Set([username, ...(email === null ? [] : [email])].map(loginKey))]
}

import type { FollowedRow, FollowOutcome, ImportedUserOutcome } from '../store/imported-rows.ts'
import type { UserRow } from '../store/rows.ts'
import { loginKey, type Store } from '../store/store.ts'
import type { ImportTarget } from './import-run.ts'

/**
 * A target that only looks what would become of each row, and writes nothing. It remembers the names it has seen and
 * those that users would give up, for two rows of the source may have the same.
 */
export function createDryRun(store: Store): ImportTarget {
  const logins = new Set<string>()
  const released = new Set<string>()
  const ids = new Set<string>()
  const hashes = new Set<string>()

  /** Those who have the names now, and would keep them. */
  async function holdersOf(tenant: string, names: readonly string[]): Promise<readonly UserRow[]> {
    const held = names.filter((name) => !released.has(name))
    const holders = await Promise.all(held.map((name) => store.findUserByLogin(tenant, name)))
    return holders.filter((holder) => holder !== null)
  }

  async function outcomeOf(user: UserRow): Promise<ImportedUserOutcome> {
    const { tenant, id } = user
    const names = namesOf(user)
    const [known, holders] = await Promise.all([store.findCurrentUser(tenant, id), holdersOf(tenant, names)])
    // Nothing is awaited from here on, so that of two with one name one is the first.
    if (known !== null || ids.has(id)) return 'known'
    if (holders.length > 0 || names.some((name) => logins.has(name))) return 'name_taken'
    ids.add(id)
    for (const name of names) logins.add(name)
    return 'imported'
  }

  async function followed({ from, to }: FollowedRow<UserRow>): Promise<FollowOutcome> {
    const before = namesOf(from)
    const after = namesOf(to)
    const claimed = after.filter((name) => !before.includes(name))
    const holders = await holdersOf(from.tenant, claimed)
    if (holders.length > 0 || claimed.some((name) => logins.has(name))) return 'name_taken'
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
    importUsers: (users) => Promise.all(users.map(outcomeOf)),
    async followUsers(users) {
      const outcomes: FollowOutcome[] = []
      for (const user of users) outcomes.push(await followed(user))
      return outcomes
    },
    async importTokens(rows) {
      const fresh = await Promise.all(
        rows.map(async ({ accessHash, refreshHash }) => {
          const own = [accessHash, refreshHash].filter((hash) => hash !== null)
          const known = await Promise.all(own.map((hash) => store.findImportedToken(hash)))
          const texts = own.map((hash) => Buffer.from(hash).toString('latin1'))
          if (known.some((row) => row !== null) || texts.some((text) => hashes.has(text))) return false
          for (const text of texts) hashes.add(text)
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

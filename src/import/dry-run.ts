import type { ImportedUserOutcome } from '../store/imported-rows.ts'
import type { UserRow } from '../store/rows.ts'
import { loginKey, type Store } from '../store/store.ts'
import type { ImportTarget } from './writer.ts'

/**
 * A target that only looks what would become of each row, and writes nothing. It remembers the names it has seen, for
 * two rows of the source may have the same.
 */
export function createDryRun(store: Store): ImportTarget {
  const logins = new Set<string>()
  const ids = new Set<string>()
  const hashes = new Set<string>()

  async function outcomeOf(user: UserRow): Promise<ImportedUserOutcome> {
    const { tenant, id } = user
    const names = [...new Set([user.username, ...(user.email === null ? [] : [user.email])].map(loginKey))]
    const [known, ...holders] = await Promise.all([
      store.findCurrentUser(tenant, id),
      ...names.map((name) => store.findUserByLogin(tenant, name)),
    ])
    // Nothing is awaited from here on, so that of two with one name one is the first.
    if (known !== null || ids.has(id)) return 'known'
    if (holders.some((holder) => holder !== null) || names.some((name) => logins.has(name)))
      return 'name_taken'
    ids.add(id)
    for (const name of names) logins.add(name)
    return 'imported'
  }

  return {
    nextKey: store.nextKey,
    findCurrentUser: store.findCurrentUser,
    findCurrentClient: store.findCurrentClient,
    listClients: store.listClients,
    insertClient: async () => {},
    importUsers: (users) => Promise.all(users.map(outcomeOf)),
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
  }
}

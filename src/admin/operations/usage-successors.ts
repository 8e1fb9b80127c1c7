import type { ClientRow, UserRow } from '../../store/rows.ts'
import type { Operations } from './operations.ts'

/** A client that could ask for tokens in a user's place. */
export interface Successor {
  readonly client: string
  /**
   * `migrated`: it was said so, see `migrateIntegration`. Or else what they have in common: the claim `newstore_id`, or
   * the user's name or address, which is the client's name or id.
   */
  readonly because: 'migrated' | 'newstore_id' | 'name'
}

export type FindSuccessor = (user: UserRow | null) => Successor | null

/** Clients read at once. */
const PAGE = 200

/**
 * Finds the client that somebody has made for an integration that still logs in as a user. It may ask for tokens of its
 * own, and is not disabled. Of several the first by id; a claim in common counts before a name, and what was said before
 * both.
 */
export async function readSuccessors(
  { store }: Pick<Operations, 'store'>,
  tenant: string,
): Promise<FindSuccessor> {
  const byClaim = new Map<string, string>()
  const byName = new Map<string, string>()
  const all = new Set<string>()
  const put = (map: Map<string, string>, name: string | null, client: string) => {
    if (name !== null && !map.has(name)) map.set(name, client)
  }
  for (let after: string | null = null; ; ) {
    const { rows, next }: Awaited<ReturnType<typeof store.listClients>> = await store.listClients(
      tenant,
      after,
      PAGE,
    )
    for (const client of rows.filter(isSuccessor)) {
      all.add(client.id)
      put(byClaim, newstoreId(client), client.id)
      put(byName, client.id, client.id)
      put(byName, client.name, client.id)
    }
    if (next === null) break
    after = next
  }
  return (user) => {
    if (user === null) return null
    const said = user.successor?.client
    if (said !== undefined && all.has(said)) return { client: said, because: 'migrated' }
    const ofClaim = byClaim.get(newstoreId(user) ?? '')
    if (ofClaim !== undefined) return { client: ofClaim, because: 'newstore_id' }
    const ofName = byName.get(user.username) ?? byName.get(user.email ?? '')
    return ofName === undefined ? null : { client: ofName, because: 'name' }
  }
}

/** Whether a client could take a user's place. */
export function isSuccessor({ disabled, grants }: ClientRow): boolean {
  return !disabled && grants.includes('client_credentials')
}

function newstoreId({ claims }: UserRow | ClientRow): string | null {
  const id = claims.newstore_id
  return typeof id === 'string' && id !== '' ? id : null
}

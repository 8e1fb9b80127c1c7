import { ROLES_OF_SCOPES } from '../../protocol/policy.ts'
import type { EpochSeconds } from '../../protocol/time.ts'
import type { UserRow } from '../../store/rows.ts'
import type { UsageKey, UsageQuery, Use } from '../../store/usage.ts'
import type { Operations } from './operations.ts'

/** What is known of an integration, by the usage ledger. */
export interface IntegrationUse {
  /** When it asked for a token as the user the last time; null: that is not known. */
  readonly lastOldAt: EpochSeconds | null
  /** When a token of the user was asked about, or revoked, the last time since it was migrated; null: not known. */
  readonly lastTokenAt: EpochSeconds | null
  /** When its client got a token the last time since it was migrated; null: never. */
  readonly lastNewAt: EpochSeconds | null
  /** Tokens that its client got since. */
  readonly newCalls: number
}

/** Rows asked for at once. */
const PAGE = 200

/** What anybody can bring about who knows the name of the user. */
const OF_STRANGERS: readonly string[] = ['wrong_password', 'login_blocked']

/** What tokens are good for once there are some. */
const OF_TOKENS: readonly Use[] = ['introspection', 'revocation', 'info']

/**
 * Logins and refreshes, and what the tokens of them are used for as far as the server is asked: see `noteMoved`. What was
 * refused counts, too, as it tells of somebody who still tries, but for wrong passwords. Of the client nothing counts from
 * before the migration: it may have worked for somebody else then, or been another of the same id.
 */
export async function readIntegrationUse(
  { store }: Operations,
  tenant: string,
  user: string,
  { client, since }: { readonly client: string; readonly since: EpochSeconds },
): Promise<IntegrationUse> {
  const query = { tenant, surface: null, use: null, user: null, client: null, from: 0 }
  const old = await readKnown(store, { ...query, user })
  const asked = await readKnown(store, {
    ...{ ...query, use: 'client_credentials', client },
    from: since - (since % 3600),
  })
  const isSince = ({ lastAt }: Known) => lastAt !== null && lastAt >= since
  const own = asked.filter((one) => one.succeeded > 0 && isSince(one))
  return {
    lastOldAt: latestOf(old.filter(({ use }) => !OF_TOKENS.includes(use))),
    lastTokenAt: latestOf(old.filter(({ use }) => OF_TOKENS.includes(use)).filter(isSince)),
    lastNewAt: latestOf(own),
    newCalls: own.reduce((total, { succeeded }) => total + succeeded, 0),
  }
}

/**
 * The scopes of all tokens that were issued for a user, without those that only mean that there is a refresh token, and
 * without those that a login would not be granted any more: user, client or role have lost them since.
 */
export async function readGrantedScopes({ store }: Operations, user: UserRow): Promise<ReadonlySet<string>> {
  const { tenant } = user
  const query = { tenant, surface: null, use: null, user: user.id, client: null, from: 0 }
  const scopes = new Set<string>()
  for (const row of await readKnown(store, query)) {
    if (row.scopes.length === 0) continue
    const client = row.client === null ? null : await store.findCurrentClient(tenant, row.client)
    const ofClient = row.client === null ? null : (client?.scopes ?? [])
    const roles = ROLES_OF_SCOPES[row.surface]
    for (const scope of row.scopes) {
      const role = Object.hasOwn(roles, scope) ? roles[scope] : undefined
      const isLost =
        (user.scopes !== null && !user.scopes.includes(scope)) ||
        (ofClient !== null && !ofClient.includes(scope)) ||
        (role !== undefined && !user.roles.includes(role))
      if (!isLost) scopes.add(scope)
    }
  }
  scopes.delete('offline_access')
  return scopes
}

interface Known extends UsageKey {
  readonly succeeded: number
  /** Null: nothing but what strangers did. */
  readonly lastAt: EpochSeconds | null
  readonly scopes: readonly string[]
}

async function readKnown(store: Operations['store'], query: UsageQuery): Promise<readonly Known[]> {
  const known: Known[] = []
  for (let after: UsageKey | null = null; ; ) {
    const { rows, next }: Awaited<ReturnType<typeof store.listUsage>> = await store.listUsage(
      query,
      after,
      PAGE,
    )
    const [first, last] = [rows[0], rows.at(-1)]
    if (first === undefined || last === undefined) return known
    const facts = Map.groupBy(await store.listUsageFacts(query, first, last), nameOf)
    for (const row of rows) {
      const own = facts.get(nameOf(row)) ?? []
      const telling = own.filter(({ fact, value }) => fact !== 'refusal' || !OF_STRANGERS.includes(value))
      const isOfStrangers = row.succeeded === 0 && telling.length === 0
      const { surface, use, user, client, succeeded } = row
      known.push({
        ...{ surface, use, user, client, succeeded },
        // Each call that succeeded has left a fact, unless nothing was known of it: then any call counts.
        lastAt: isOfStrangers ? null : (latestOf(telling) ?? row.lastAt),
        scopes: own.flatMap(({ fact, value }) => (fact === 'scope' ? value.split(' ') : [])),
      })
    }
    if (next === null) return known
    after = next
  }
}

function nameOf({ surface, use, user, client }: UsageKey): string {
  return JSON.stringify([surface, use, user, client])
}

function latestOf(all: readonly { readonly lastAt: EpochSeconds | null }[]): EpochSeconds | null {
  const times = all.map(({ lastAt }) => lastAt).filter((time) => time !== null)
  return times.length === 0 ? null : Math.max(...times)
}

import type { Endpoint } from '../protocol/endpoint.ts'
import type { SurfaceName } from '../protocol/policy.ts'
import type { Scope } from '../protocol/scope.ts'
import { type Clock, type EpochSeconds, epochSeconds, type Seconds } from '../protocol/time.ts'
import type { GrantType } from '../protocol/token.ts'
import { byUsageKey, type Usage, type UsageHour, type UsageStore, type Use } from '../store/usage.ts'
import {
  createFactNotes,
  joinFacts,
  joinRefusals,
  type NotedFacts,
  newFacts,
  noteRefusal,
  toUsageFacts,
} from './usage-facts.ts'

/** Who calls how often, and what for. No request waits for that, or writes it. */
export interface UsageLedger {
  /** Of a request that is answered. `agent` is what it says it comes from. Costs next to nothing. */
  note(call: AnsweredCall, issued: IssuedToken, agent: string | null): void
  /**
   * Saves what was noted, one write at a time: asked while one is underway, it resolves with that one. Never rejects:
   * what could not be saved is kept for the next time.
   */
  write(): Promise<void>
  /**
   * The last write. Waits for one that is underway, and saves what was noted meanwhile unless that has failed: whoever
   * ends does not wait twice for a database that does not answer.
   */
  end(): Promise<void>
}

/** What is told of a request; users and clients are those that were found. */
export interface AnsweredCall {
  readonly tenant: string | null
  readonly surface: SurfaceName
  readonly endpoint: Endpoint | null
  readonly grant: GrantType | null
  readonly user: string | null
  readonly client: string | null
  readonly source: string | null
  readonly outcome: string
  readonly reason: string | null
}

/** Of the access token, if there is one. */
export interface IssuedToken {
  readonly scope?: Scope
  readonly expiresIn?: Seconds
}

export interface UsageLedgerOptions {
  readonly store: Pick<UsageStore, 'addUsage'>
  readonly clock: Clock
  readonly onFailure?: (cause: unknown) => void
}

/**
 * Users and clients that are told apart between two writes, one and a quarter kilobytes each. With more, the next write is
 * at once; while the database is behind, others are counted without their names.
 */
const MOST = 10_000

/** Keys one transaction saves: some milliseconds, after which other writes have their turn. */
const SAVED_AT_ONCE = 50

type NotedHour = { -readonly [Column in keyof UsageHour]: UsageHour[Column] }

interface Noted extends Omit<Usage, 'hours' | 'facts'> {
  readonly hours: NotedHour[]
  readonly facts: NotedFacts
}

/** Holds the place of users and clients where there are none. */
const NOBODY = ''

export function createUsageLedger({ store, clock, onFailure = () => {} }: UsageLedgerOptions): UsageLedger {
  const notes = createFactNotes()
  /** By tenant, and user or else client. */
  let noted = new Map<string, Map<string, Noted[]>>()
  let count = 0
  let underway: Promise<boolean> | null = null

  function find(
    tenant: string,
    surface: SurfaceName,
    use: Use,
    user: string | null,
    client: string | null,
  ): Noted | undefined {
    const ofHolder = noted.get(tenant)?.get(user ?? client ?? NOBODY)
    if (ofHolder === undefined) return undefined
    for (const one of ofHolder) {
      if (one.use === use && one.surface === surface && one.user === user && one.client === client) return one
    }
    return undefined
  }

  /** Of users and clients there are only so many; without their names a few a tenant. */
  function add(
    tenant: string,
    surface: SurfaceName,
    use: Use,
    user: string | null,
    client: string | null,
  ): Noted {
    if (count >= MOST && underway === null) void write()
    const isNamed = user !== null || client !== null
    if (isNamed && count >= MOST) {
      return find(tenant, surface, use, null, null) ?? add(tenant, surface, use, null, null)
    }
    const one: Noted = { tenant, surface, use, user, client, hours: [], facts: newFacts() }
    const ofTenant = noted.get(tenant) ?? new Map<string, Noted[]>()
    const holder = user ?? client ?? NOBODY
    noted.set(tenant, ofTenant)
    const ofHolder = ofTenant.get(holder)
    if (ofHolder === undefined) ofTenant.set(holder, [one])
    else ofHolder.push(one)
    if (isNamed) count += 1
    return one
  }

  /** Takes what could not be saved back. */
  function restore({ tenant, surface, use, user, client, hours, facts }: Noted): void {
    const one = find(tenant, surface, use, user, client) ?? add(tenant, surface, use, user, client)
    for (const hour of hours) {
      const known = hourOf(one, hour.hour, hour.firstAt)
      known.succeeded += hour.succeeded
      known.failed += hour.failed
      known.firstAt = Math.min(known.firstAt, hour.firstAt)
      known.lastAt = Math.max(known.lastAt, hour.lastAt)
      known.expiresIn = Math.max(known.expiresIn, hour.expiresIn)
    }
    if (one.user === user && one.client === client) joinFacts(one.facts, facts)
    else joinRefusals(one.facts, facts)
  }

  /** Whether all was saved. */
  async function save(): Promise<boolean> {
    const all = [...noted.values()].flatMap((ofTenant) => [...ofTenant.values()].flat()).sort(byUsageKey)
    noted = new Map()
    count = 0
    for (let from = 0; from < all.length; from += SAVED_AT_ONCE) {
      try {
        await store.addUsage(all.slice(from, from + SAVED_AT_ONCE).map(toUsage))
      } catch (cause) {
        all.slice(from).forEach(restore)
        onFailure(cause)
        return false
      }
    }
    return true
  }

  function write(): Promise<boolean> {
    underway ??= save().finally(() => {
      underway = null
    })
    return underway
  }

  return {
    note({ tenant, surface, endpoint, grant, user, client, source, outcome, reason }, issued, agent) {
      const use = useOf(endpoint, grant)
      if (tenant === null || use === null) return
      const now = epochSeconds(clock)
      const one = find(tenant, surface, use, user, client) ?? add(tenant, surface, use, user, client)
      const hour = hourOf(one, now - (now % 3600), now)
      if (hour.lastAt < now) hour.lastAt = now
      if (outcome !== 'ok') {
        hour.failed += 1
        noteRefusal(one.facts, reason ?? outcome, now)
        return
      }
      hour.succeeded += 1
      if (issued.expiresIn !== undefined && hour.expiresIn < issued.expiresIn)
        hour.expiresIn = issued.expiresIn
      // Nothing is kept of strangers but how many there were.
      if (one.user === null && one.client === null) return
      if (source !== null) notes.source(one.facts, source, now)
      if (agent !== null) notes.agent(one.facts, agent, now)
      if (issued.scope !== undefined) notes.scope(one.facts, issued.scope, now)
    },
    async write() {
      await write()
    },
    async end() {
      if (underway === null || (await underway)) await write()
    },
  }
}

/** Null: keys and metadata are there for everybody. */
function useOf(endpoint: Endpoint | null, grant: GrantType | null): Use | null {
  switch (endpoint) {
    case 'token':
      return grant ?? 'other'
    case 'introspection':
    case 'revocation':
    case 'info':
      return endpoint
    default:
      return null
  }
}

/** Between two writes there are one or two. */
function hourOf({ hours }: Noted, hour: EpochSeconds, now: EpochSeconds): NotedHour {
  for (const known of hours) if (known.hour === hour) return known
  const added = { hour, succeeded: 0, failed: 0, firstAt: now, lastAt: now, expiresIn: 0 }
  hours.push(added)
  return added
}

function toUsage({ facts, ...usage }: Noted): Usage {
  return { ...usage, facts: toUsageFacts(facts) }
}

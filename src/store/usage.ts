import type { SurfaceName } from '../protocol/policy.ts'
import type { EpochSeconds, Seconds } from '../protocol/time.ts'
import { GRANT_TYPES, type GrantType } from '../protocol/token.ts'
import type { Page } from './store.ts'

/** What was asked for: a token, by the grant (`other`: by none that there is), or what else tokens are good for. */
export type Use = GrantType | 'other' | 'introspection' | 'revocation' | 'info'

export const USES: readonly Use[] = [...GRANT_TYPES, 'other', 'introspection', 'revocation', 'info']

/**
 * Who asked for what, and where. Users and clients that there are, or were, by id; without either it is everybody whom
 * the server does not know.
 */
export interface UsageKey {
  readonly surface: SurfaceName
  readonly use: Use
  readonly user: string | null
  readonly client: string | null
}

/** The order in which usages are best added: databases keep them so, and what is together is written together. */
export function byUsageKey(one: Omit<Usage, 'facts'>, other: Omit<Usage, 'facts'>): number {
  return (
    compare(one.tenant, other.tenant) ||
    compare(one.surface, other.surface) ||
    compare(one.use, other.use) ||
    compare(one.user ?? '', other.user ?? '') ||
    compare(one.client ?? '', other.client ?? '')
  )
}

function compare(one: string, other: string): number {
  if (one === other) return 0
  return one < other ? -1 : 1
}

/** Calls within one hour. */
export interface UsageHour {
  /** When it begins: a multiple of 3600. */
  readonly hour: EpochSeconds
  readonly succeeded: number
  readonly failed: number
  readonly firstAt: EpochSeconds
  readonly lastAt: EpochSeconds
  /** The longest life of an access token that was issued; 0: none was. */
  readonly expiresIn: Seconds
}

/**
 * - `source`: whom calls came from (`sourceOf`), `agent`: the `User-Agent` they named, `scope`: the scope that was
 *   granted. Of calls that succeeded.
 * - `refusal`: why calls failed; see `Reason`.
 */
export type UsageFactName = 'source' | 'agent' | 'scope' | 'refusal'

/** Something that is known of calls. */
export interface UsageFact {
  readonly fact: UsageFactName
  readonly value: string
  readonly calls: number
  readonly lastAt: EpochSeconds
}

/** What is to be added. No two of the same hour, and no two facts of the same name and value. */
export interface Usage extends UsageKey {
  readonly tenant: string
  readonly hours: readonly UsageHour[]
  readonly facts: readonly UsageFact[]
}

/** Of each key and name the last are told, and kept. Reasons are fewer. */
export const FACTS_KEPT = 20

/** Null: any. */
export interface UsageQuery {
  readonly tenant: string
  readonly surface: SurfaceName | null
  readonly use: Use | null
  readonly user: string | null
  readonly client: string | null
  /** The begin of an hour. What is earlier does not count. */
  readonly from: EpochSeconds
}

/** The calls of a key in all hours that were asked for. */
export interface UsageTotal extends UsageKey {
  readonly succeeded: number
  readonly failed: number
  readonly firstAt: EpochSeconds
  readonly lastAt: EpochSeconds
  /**
   * The most tokens that were issued in one hour, or, of tokens that live less long, in that part of it: within the
   * life of one of them, at least.
   */
  readonly tokensPerLife: number
}

/** Calls at a time. */
export interface UsageCount {
  readonly at: number
  readonly succeeded: number
  readonly failed: number
}

/** Calls of all in one way within an hour, which begins `at`. */
export interface UsageSum extends UsageCount {
  readonly surface: SurfaceName
  readonly use: Use
}

/** The usage ledger: who calls how often. Nothing is decided by it. */
export interface UsageStore {
  /**
   * Adds to what is there, whoever else adds to it. If it throws nothing was added, unless the database was lost at the
   * very end. Costs one transaction: keep the lists short, and in the order of `byUsageKey`.
   */
  addUsage(usages: readonly Usage[]): Promise<void>
  /** In the order of surface, use, user and client, where null comes first. */
  listUsage(query: UsageQuery, after: UsageKey | null, limit: number): Promise<Page<UsageTotal, UsageKey>>
  /** Calls a day (`at`) of all keys in a range, both ends included. */
  listUsageDays(query: UsageQuery, first: UsageKey, last: UsageKey): Promise<readonly (UsageKey & UsageSum)[]>
  /** What is known of all keys in a range, both ends included: the latest first. */
  listUsageFacts(
    query: UsageQuery,
    first: UsageKey,
    last: UsageKey,
  ): Promise<readonly (UsageKey & UsageFact)[]>
  /** Calls of all together, in hours that begin before a time. Costs a little for each key and hour: ask for a few at a time. */
  sumUsage(query: UsageQuery, to: EpochSeconds): Promise<readonly UsageSum[]>
  /**
   * Deletes up to `limit` hours that were over before a time, and facts that were last seen before it or are more than
   * are kept; how many went. Of very many facts each call looks at some, and the next goes on from there.
   */
  purgeUsage(before: EpochSeconds, limit: number): Promise<number>
}

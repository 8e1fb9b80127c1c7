import type { Endpoint } from '../protocol/endpoint.ts'
import type { ErrorCode, Reason } from '../protocol/errors.ts'
import type { SurfaceName } from '../protocol/policy.ts'
import type { GrantType } from '../protocol/token.ts'
import type { Finding } from './findings.ts'
import type { Page } from './store.ts'

/**
 * What a refused request looked like. Of what it said there is only what is one of the words that such requests are made
 * of, or names something there is: whatever else was sent may be a secret in the wrong place.
 */
export interface RedactedRequest {
  readonly method: string
  /** Segments that no path of ours has are `…`. */
  readonly path: string
  /** Parameters in the query string, by name; `…` for others. */
  readonly query: readonly string[]
  /** Lower case; null: none was sent, or what is no host name. */
  readonly host: string | null
  /** Cut off and on one line, as `userAgentOf` has it. */
  readonly userAgent: string | null
  /** The media type; `…` for one that is none of those bodies are sent in, null for none. */
  readonly contentType: string | null
  /** As it was announced; null: it was not. */
  readonly contentLength: number | null
  /** The scheme of `Authorization`; `…` for one that nobody knows, null: there was none. */
  readonly authorization: string | null
  /** Other headers it had that may matter, by name. */
  readonly headers: readonly string[]
  /** Of the body, in their order; null: they could not be read. */
  readonly parameters: readonly RedactedParameter[] | null
}

export interface RedactedParameter {
  /** `…` for one that no such request has. */
  readonly name: string
  /** What may be shown of the value, or what it looks like, in brackets. */
  readonly value: string
}

/** A request that was refused, and what was found out about why. Never a secret, nor a part of one. */
export interface Refusal {
  /** Null: it was for none. */
  readonly tenant: string | null
  /** Clients may choose it: several may have the same. */
  readonly requestId: string
  /** Milliseconds since the epoch. */
  readonly atMs: number
  readonly status: number
  readonly code: ErrorCode
  readonly reason: Reason
  readonly surface: SurfaceName
  /** Null: the path is not known. */
  readonly endpoint: Endpoint | null
  readonly grant: GrantType | null
  /** The id of a client that was found. */
  readonly client: string | null
  /** The id of a user that was found. */
  readonly user: string | null
  /** Whom it came from (`sourceOf`); null: nobody knows. */
  readonly source: string | null
  readonly request: RedactedRequest
  readonly findings: readonly Finding[]
}

/** A refusal as it is kept. */
export interface KeptRefusal extends Refusal {
  /** Greater is later, but for what was done within the same moment. */
  readonly key: number
}

/** How many refusals of a minute were not kept, because there were too many. */
export interface RefusalsLeftOut {
  readonly tenant: string | null
  /** When the minute begins: milliseconds since the epoch. */
  readonly atMs: number
  readonly count: number
}

/** Of which tenant; null: of requests that were for none. `any`: of all, and of none. */
export type OfTenant = 'any' | { readonly id: string | null }

/** Refused requests, for a while. Nothing is decided by it. */
export interface RefusalStore {
  /** Costs one transaction: keep the lists short. Adds to what was left out before, whoever else does. */
  addRefusals(refusals: readonly Refusal[], leftOut: readonly RefusalsLeftOut[]): Promise<void>
  /** Those with a request id, newest first, at most `limit`. */
  findRefusals(of: OfTenant, requestId: string, limit: number): Promise<readonly KeptRefusal[]>
  /** Newest first; `before` is the key of the last of the page before. */
  listRefusals(of: OfTenant, before: number | null, limit: number): Promise<Page<KeptRefusal, number>>
  /** Newest first, at most `limit` minutes. */
  listRefusalsLeftOut(of: OfTenant, limit: number): Promise<readonly RefusalsLeftOut[]>
  /**
   * Deletes up to `limit` of those before a time (milliseconds since the epoch), and the oldest of each tenant that has
   * more than `most`; how many went, less than `limit` only if no more are left.
   */
  purgeRefusals(beforeMs: number, most: number, limit: number): Promise<number>
}

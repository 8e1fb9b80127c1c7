import { type DiagnosedFact, diagnose } from '../../diagnosis/diagnose.ts'
import type { Endpoint } from '../../protocol/endpoint.ts'
import type { ErrorCode } from '../../protocol/errors.ts'
import type { SurfaceName } from '../../protocol/policy.ts'
import type { GrantType } from '../../protocol/token.ts'
import type { Finding } from '../../store/findings.ts'
import type { KeptRefusal, OfTenant, RedactedRequest } from '../../store/refusals.ts'
import { AdminError } from './admin-error.ts'
import type { Listed, Operations } from './operations.ts'
import { requireTenant } from './require-tenant.ts'

/** A refused request as operators see it, with why. */
export interface RefusalResource {
  readonly requestId: string
  /** RFC 3339, with milliseconds. */
  readonly at: string
  /** Null: it was for none. */
  readonly tenant: string | null
  readonly status: number
  readonly code: ErrorCode
  readonly reason: string
  readonly surface: SurfaceName
  readonly endpoint: Endpoint | null
  readonly grant: GrantType | null
  readonly client: string | null
  readonly user: string | null
  readonly source: string | null
  readonly request: RedactedRequest
  readonly diagnosis: DiagnosisResource
}

export interface DiagnosisResource {
  readonly title: string
  readonly explanation: string
  readonly facts: readonly DiagnosedFact[]
  readonly next: readonly string[]
  readonly sources: readonly string[]
}

/** One refusal, and how many earlier ones have the same request id, as far as was looked. */
export interface FoundRefusal extends RefusalResource {
  readonly earlier: number
}

/** Earlier ones with the same id are counted no further. */
const MOST_EARLIER = 100

/** What was not kept, because there was too much of it. */
export interface LeftOutResource {
  /** Of the time for which refusals are kept, as far as was looked. */
  readonly count: number
  /** The last minute in which something was left out; null: there is none. RFC 3339. */
  readonly lastAt: string | null
}

/** Minutes that are looked at. */
const MOST_MINUTES = 10_000

/** Throws `not_found`, for a tenant that there is not too. */
export async function showRefusal(
  operations: Operations,
  tenant: string,
  requestId: string,
): Promise<FoundRefusal> {
  await requireTenant(operations, tenant)
  const found = await findRefusal(operations, { id: tenant }, requestId)
  if (found === null) {
    throw new AdminError(
      'not_found',
      'No refusal with this request id is kept: it was not refused, is too old, or one of too many at once.',
    )
  }
  return found
}

/** The latest with a request id; null: none is kept. */
export async function findRefusal(
  operations: Operations,
  of: OfTenant,
  requestId: string,
): Promise<FoundRefusal | null> {
  const kept = await operations.store.findRefusals(of, requestId.toLowerCase(), 1 + MOST_EARLIER)
  const [latest, ...earlier] = kept
  if (latest === undefined) return null
  return { ...(await withOrigin(operations, latest)), earlier: earlier.length }
}

/** Newest first. `tenant` null: of all, and of none. Throws `not_found` (tenant). */
export async function listRefusals(
  operations: Operations,
  tenant: string | null,
  page: { readonly before: number | null; readonly limit: number },
): Promise<Listed<RefusalResource, number>> {
  if (tenant !== null) await requireTenant(operations, tenant)
  const of: OfTenant = tenant === null ? 'any' : { id: tenant }
  const { rows, next } = await operations.store.listRefusals(of, page.before, page.limit)
  return { items: rows.map((row) => toResource(row, row.findings)), next }
}

export async function refusalsLeftOut({ store }: Operations, of: OfTenant): Promise<LeftOutResource> {
  const minutes = await store.listRefusalsLeftOut(of, MOST_MINUTES)
  const [last] = minutes
  return {
    count: minutes.reduce((sum, { count }) => sum + count, 0),
    lastAt: last === undefined ? null : new Date(last.atMs).toISOString(),
  }
}

/** Where the refresh came from that took a token's place, as the audit log tells. */
async function withOrigin(operations: Operations, refusal: KeptRefusal): Promise<RefusalResource> {
  const findings: Finding[] = []
  for (const finding of refusal.findings) {
    const isReplaced = finding.finding === 'token_replaced' && refusal.tenant !== null
    findings.push(isReplaced ? { ...finding, from: await originOf(operations, refusal, finding) } : finding)
  }
  return toResource(refusal, findings)
}

/** A refresh is recorded within the second, and written within another. */
const NEAR_MS = 2000

async function originOf(
  { store }: Operations,
  { tenant, user, client }: KeptRefusal,
  { at, successor }: Extract<Finding, { finding: 'token_replaced' }>,
): Promise<string | null> {
  if (successor === null) return null
  const { rows } = await store.listEvents({
    // A login is of one user, by whichever client.
    ...{ tenant, types: ['refresh'], user, client: user === null ? client : null },
    ...{ fromMs: at * 1000 - NEAR_MS, toMs: at * 1000 + NEAR_MS, before: null, limit: 200 },
  })
  return rows.find(({ object, result }) => object === successor && result === 'ok')?.source ?? null
}

function toResource(refusal: KeptRefusal, findings: readonly Finding[]): RefusalResource {
  const { requestId, atMs, tenant, status, code, reason, surface, endpoint } = refusal
  const { grant, client, user, source, request } = refusal
  return {
    requestId,
    at: new Date(atMs).toISOString(),
    ...{ tenant, status, code, reason, surface, endpoint, grant, client, user, source, request },
    diagnosis: diagnose({ code, reason, findings }),
  }
}

import { z } from 'zod'
import { sourceOf } from '../../protocol/source.ts'
import type { EpochSeconds } from '../../protocol/time.ts'
import { hasRoom, type LoginFailureQuery } from '../../store/login-failures.ts'
import { notFound } from './change-row.ts'
import type { Operations } from './operations.ts'
import { requireTenant } from './require-tenant.ts'
import { validated } from './validated.ts'

/** Failed logins that still count. */
export interface LoginFailuresResource {
  /** Of a user from all sources, or of all users from one source. */
  readonly failures: number
  /** From how many sources nobody can log in as the user; of a source, whether nobody can log in from there: 0 or 1. */
  readonly blocked: number
  /** When the last of these blocks ends, if nobody fails meanwhile; null: there is none. */
  readonly blockedUntil: EpochSeconds | null
}

/** An IPv4 or IPv6 address, of which the /64 counts. */
const sourceAddress = z.union([z.ipv4(), z.ipv6()], { error: 'must be an IP address' })

/** What is looked at of a user: the sources with most failures. */
const MOST_SOURCES = 1000

/** Throws `not_found`. */
export async function showFailuresOfUser(
  operations: Operations,
  tenant: string,
  id: string,
): Promise<LoginFailuresResource> {
  return await failuresOf(operations, await ofUser(operations, tenant, id))
}

/** Lets the user log in from wherever logins have failed. Throws `not_found`. */
export async function clearFailuresOfUser(operations: Operations, tenant: string, id: string): Promise<void> {
  await operations.store.clearLoginFailures(await ofUser(operations, tenant, id))
}

/** Throws `not_found` (tenant) and `invalid`. */
export async function showFailuresOfSource(
  operations: Operations,
  tenant: string,
  address: string,
): Promise<LoginFailuresResource> {
  return await failuresOf(operations, await ofSource(operations, tenant, address))
}

/** Lets users log in from there, but for those who are blocked themselves. Throws `not_found` (tenant) and `invalid`. */
export async function clearFailuresOfSource(
  operations: Operations,
  tenant: string,
  address: string,
): Promise<void> {
  await operations.store.clearLoginFailures(await ofSource(operations, tenant, address))
}

async function ofUser(operations: Operations, tenant: string, id: string): Promise<LoginFailureQuery> {
  await requireTenant(operations, tenant)
  if ((await operations.store.findUser(tenant, id)) === null) throw notFound('user')
  return { user: operations.logins.buckets.ofUser(tenant, id) }
}

async function ofSource(operations: Operations, tenant: string, address: string): Promise<LoginFailureQuery> {
  await requireTenant(operations, tenant)
  const source = sourceOf(validated('source', sourceAddress, address)) ?? ''
  return { source: operations.logins.buckets.ofSource(tenant, source) }
}

async function failuresOf(
  { store, clock, logins: { buckets } }: Operations,
  query: LoginFailureQuery,
): Promise<LoginFailuresResource> {
  const leak = 'user' in query ? buckets.perUser : buckets.perSource
  if (leak === null) return { failures: 0, blocked: 0, blockedUntil: null }
  const nowMs = clock()
  const { failureMs, capacityMs } = leak
  const rows = await store.listLoginFailures(query, MOST_SOURCES)
  const blocked = rows.filter((row) => !hasRoom({ ...row, ...leak }, row.emptyAtMs, nowMs))
  const ends = blocked.map(({ emptyAtMs }) => Math.ceil((emptyAtMs + failureMs - capacityMs) / 1000))
  return {
    failures: rows.reduce(
      (sum, { emptyAtMs }) => sum + Math.ceil(Math.max(0, emptyAtMs - nowMs) / failureMs),
      0,
    ),
    blocked: blocked.length,
    blockedUntil: blocked.length === 0 ? null : Math.max(...ends),
  }
}

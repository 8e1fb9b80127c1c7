import { z } from 'zod'
import { isSlowClientSecret } from '../../crypto/client-secret.ts'
import { sourceOf } from '../../protocol/source.ts'
import type { EpochSeconds } from '../../protocol/time.ts'
import { hasRoom, type LoginFailureQuery } from '../../store/login-failures.ts'
import type { ClientRow } from '../../store/rows.ts'
import { notFound } from './change-row.ts'
import { eventOf, type Operations } from './operations.ts'
import { requireTenant } from './require-tenant.ts'
import { validated } from './validated.ts'

/** Failed logins that still count. */
export interface LoginFailuresResource {
  /** Of a user or client from all sources, or of all users from one source. */
  readonly failures: number
  /** From how many sources nobody can log in as the user; of a source, whether nobody can log in from there: 0 or 1. */
  readonly blocked: number
  /** When the last of these blocks ends, if nobody fails meanwhile; null: there is none. */
  readonly blockedUntil: EpochSeconds | null
}

export interface SourceFailuresResource extends LoginFailuresResource {
  /** The same of the clients whose secrets can be guessed. */
  readonly clients: LoginFailuresResource
}

/** An IPv4 or IPv6 address, of which the /64 counts. */
const sourceAddress = z.union([z.ipv4(), z.ipv6()], { error: 'must be an IP address' })

/** What is looked at of a user or client: the sources with most failures. */
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
  const query = await ofUser(operations, tenant, id)
  await operations.store.clearLoginFailures(query, eventOf(operations, 'user.unblock', { tenant, user: id }))
}

/** A client that can not be guessed is blocked from nowhere, whatever has failed. Throws `not_found`. */
export async function showFailuresOfClient(
  operations: Operations,
  tenant: string,
  id: string,
): Promise<LoginFailuresResource> {
  const { secrets } = await requireClient(operations, tenant, id)
  const found = await failuresOf(operations, ofClient(operations, tenant, id))
  const isGuessable = secrets.some(({ hash }) => isSlowClientSecret(hash))
  return isGuessable ? found : { ...found, blocked: 0, blockedUntil: null }
}

/** Lets the client authenticate from wherever secrets have been wrong. Throws `not_found`. */
export async function clearFailuresOfClient(
  operations: Operations,
  tenant: string,
  id: string,
): Promise<void> {
  await requireClient(operations, tenant, id)
  const event = eventOf(operations, 'client.unblock', { tenant, client: id })
  await operations.store.clearLoginFailures(ofClient(operations, tenant, id), event)
}

/** Throws `not_found` (tenant) and `invalid`. */
export async function showFailuresOfSource(
  operations: Operations,
  tenant: string,
  address: string,
): Promise<SourceFailuresResource> {
  const { users, clients } = await ofSource(operations, tenant, address)
  return { ...(await failuresOf(operations, users)), clients: await failuresOf(operations, clients) }
}

/** Lets users and clients log in from there, but for those that are blocked themselves. Throws `not_found` (tenant) and `invalid`. */
export async function clearFailuresOfSource(
  operations: Operations,
  tenant: string,
  address: string,
): Promise<void> {
  const { users, clients } = await ofSource(operations, tenant, address)
  const event = eventOf(operations, 'source.unblock', { tenant, object: sourceOf(address) ?? '' })
  const cleared = await operations.store.clearLoginFailures(users, event)
  // Told once, whoever has failed from there.
  await operations.store.clearLoginFailures(clients, cleared === 0 ? event : undefined)
}

async function ofUser(operations: Operations, tenant: string, id: string): Promise<LoginFailureQuery> {
  await requireTenant(operations, tenant)
  if ((await operations.store.findUser(tenant, id)) === null) throw notFound('user')
  return { user: operations.logins.buckets.ofUser(tenant, id) }
}

async function requireClient(operations: Operations, tenant: string, id: string): Promise<ClientRow> {
  await requireTenant(operations, tenant)
  const client = await operations.store.findClient(tenant, id)
  if (client === null) throw notFound('client')
  return client
}

/** Of a client there may be, or have been. */
export function ofClient({ logins }: Operations, tenant: string, id: string): LoginFailureQuery {
  return { user: logins.buckets.ofClient(tenant, id) }
}

async function ofSource(
  operations: Operations,
  tenant: string,
  address: string,
): Promise<{ readonly users: LoginFailureQuery; readonly clients: LoginFailureQuery }> {
  await requireTenant(operations, tenant)
  const source = sourceOf(validated('source', sourceAddress, address)) ?? ''
  const { buckets } = operations.logins
  return {
    users: { source: buckets.ofSource(tenant, source) },
    clients: { source: buckets.ofClientSource(tenant, source) },
  }
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

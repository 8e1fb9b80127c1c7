import { z } from 'zod'
import { type EpochSeconds, epochSeconds } from '../../protocol/time.ts'
import type { UserRow } from '../../store/rows.ts'
import { AdminError } from './admin-error.ts'
import { notFound } from './change-row.ts'
import { objectOf, trueOrFalse } from './fields.ts'
import { type IntegrationUse, readIntegrationUse } from './integration-use.ts'
import type { Listed, Operations } from './operations.ts'
import { requireTenant } from './require-tenant.ts'
import { isSuccessor } from './usage-successors.ts'
import { DAY_SECONDS } from './usage-trend.ts'
import { changeUser } from './users.ts'
import { validated } from './validated.ts'

/**
 * How far a migration is.
 * - `client_unused`: the client has got no token yet.
 * - `login_used`: somebody logged in as the user, or refreshed, within the days asked for.
 * - `token_used`: nobody did, but a token of the user was asked about within them.
 * - `silent`: neither, and the client gets tokens; the user can be disabled.
 * - `finished`: the user is disabled.
 * - `no_client`: the client was deleted or disabled since.
 */
export const INTEGRATION_STATES = [
  'client_unused',
  'login_used',
  'token_used',
  'silent',
  'finished',
  'no_client',
] as const

/** An integration that was migrated from a user's login to a client, as operators see it. */
export interface IntegrationResource extends IntegrationUse {
  /** The id. */
  readonly user: string
  readonly username: string
  readonly client: string
  readonly migratedAt: EpochSeconds
  /** Whole days since the user's login or a token of it was used, and no more than since it was migrated. */
  readonly silentDays: number
  readonly state: (typeof INTEGRATION_STATES)[number]
}

/** Days without a use of the login after which it counts as silent, unless it is said. */
export const SILENT_DAYS = 14

const daysOfSilence = z
  .int('must be a whole number of days')
  .min(1, 'must be 1 day or more')
  .max(3650, 'must be ten years or less')

export const finishInput = objectOf({
  silentDays: daysOfSilence.optional().describe(`How long the login must be silent; default ${SILENT_DAYS}.`),
  force: trueOrFalse.optional().describe('Whether the login is silent or not.'),
})

export type FinishInput = z.input<typeof finishInput>

/** Throws `not_found`, and `conflict` if the user was not migrated. */
export async function showIntegration(
  operations: Operations,
  tenant: string,
  userId: string,
  silentDays: number = SILENT_DAYS,
): Promise<IntegrationResource> {
  await requireTenant(operations, tenant)
  const user = await operations.store.findCurrentUser(tenant, userId)
  if (user === null) throw notFound('user')
  return await toResource(operations, user, silentDays)
}

/** In the order of the users' ids. Throws `not_found` (tenant). */
export async function listIntegrations(
  operations: Operations,
  tenant: string,
  page: { readonly after: string | null; readonly limit: number },
  silentDays: number = SILENT_DAYS,
): Promise<Listed<IntegrationResource, string>> {
  await requireTenant(operations, tenant)
  const { rows, next } = await operations.store.listUsersWithSuccessor(tenant, page.after, page.limit)
  const items: IntegrationResource[] = []
  for (const user of rows) items.push(await toResource(operations, user, silentDays))
  return { items, next }
}

/**
 * Disables the user of an integration whose login and tokens are silent, which ends all tokens of the user, for good. Throws
 * `not_found`, `invalid`, and `conflict` if it is not silent (unless forced), was not migrated, or is finished.
 */
export async function finishIntegration(
  operations: Operations,
  tenant: string,
  userId: string,
  input: FinishInput,
): Promise<IntegrationResource> {
  await requireTenant(operations, tenant)
  const { silentDays = SILENT_DAYS, force = false } = validated('end', finishInput, input)
  const user = await operations.store.findCurrentUser(tenant, userId)
  if (user === null) throw notFound('user')
  const integration = await toResource(operations, user, silentDays)
  if (integration.state === 'finished') throw conflict(`The user ${user.username} is disabled already.`)
  if (integration.state !== 'silent' && !force) throw conflict(whyNot(integration, silentDays))
  const change = { fields: { disabled: true }, passwordHash: undefined }
  const disabled = await changeUser(operations, tenant, userId, change, { version: user.version })
  return await toResource(operations, disabled, silentDays)
}

function whyNot({ username, client, state, silentDays }: IntegrationResource, wanted: number): string {
  const instead = 'disable the user all the same: force (--force).'
  switch (state) {
    case 'no_client':
      return `The client ${client} of ${username} was deleted or disabled. Enable it, or ${instead}`
    case 'client_unused':
      return `The client ${client} of ${username} has got no token yet. Wait, or ${instead}`
    case 'token_used':
      return `The login of ${username} is silent, but its tokens are for ${silentDays} of ${wanted} days only. Wait, or ${instead}`
    default:
      return `The login of ${username} is silent for ${silentDays} of ${wanted} days. Wait, or ${instead}`
  }
}

async function toResource(
  operations: Operations,
  user: UserRow,
  wanted: number,
): Promise<IntegrationResource> {
  const { tenant, id, username, successor } = user
  if (successor === undefined)
    throw conflict(`The user ${username} was not migrated: give it a client first (integration migrate).`)
  const client = await operations.store.findCurrentClient(tenant, successor.client)
  const use = await readIntegrationUse(operations, tenant, id, successor)
  const now = epochSeconds(operations.clock)
  const loginDays = daysSince(now, successor.since, use.lastOldAt)
  const silentDays = daysSince(now, successor.since, use.lastOldAt, use.lastTokenAt)
  const isSilent = { login: loginDays >= wanted, tokens: silentDays >= wanted }
  return {
    ...{ user: id, username, client: successor.client, migratedAt: successor.since, ...use, silentDays },
    state: stateOf(user, client !== null && isSuccessor(client), use, isSilent),
  }
}

/** Whole days since the last of these times. */
function daysSince(now: EpochSeconds, ...times: readonly (EpochSeconds | null)[]): number {
  const last = Math.max(...times.map((time) => time ?? 0))
  return Math.max(0, Math.floor((now - last) / DAY_SECONDS))
}

function stateOf(
  { disabled }: UserRow,
  hasClient: boolean,
  { lastNewAt }: IntegrationUse,
  isSilent: { readonly login: boolean; readonly tokens: boolean },
): IntegrationResource['state'] {
  if (disabled) return 'finished'
  if (!hasClient) return 'no_client'
  if (lastNewAt === null) return 'client_unused'
  if (!isSilent.login) return 'login_used'
  return isSilent.tokens ? 'silent' : 'token_used'
}

function conflict(message: string): AdminError {
  return new AdminError('conflict', message)
}

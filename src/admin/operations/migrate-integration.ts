import type { z } from 'zod'
import type { Secret } from '../../protocol/secret.ts'
import { epochSeconds } from '../../protocol/time.ts'
import type { TenantRow, UserRow } from '../../store/rows.ts'
import { AdminError } from './admin-error.ts'
import { notFound, toConflict } from './change-row.ts'
import { type ClientResource, clientResource } from './client-resource.ts'
import { insertClient, prepareClient } from './clients.ts'
import { clientId, objectOf, scopeTokens } from './fields.ts'
import { readGrantedScopes } from './integration-use.ts'
import { type IntegrationResource, showIntegration } from './integrations.ts'
import { eventOf, type Operations } from './operations.ts'
import { requireTenant } from './require-tenant.ts'
import { tokenAddress } from './token-address.ts'
import { isSuccessor } from './usage-successors.ts'
import { validated } from './validated.ts'

export interface MigratedIntegration {
  readonly integration: IntegrationResource
  readonly client: ClientResource
  /** That of the client, to be shown this once; null: the client was there already. */
  readonly secret: Secret | null
  /** Where the client asks for its tokens. */
  readonly tokenEndpoint: string
}

export const migrationInput = objectOf({
  id: clientId
    .nullable()
    .optional()
    .describe('The `client_id` of the new client; default: made by the server.'),
  scopes: scopeTokens
    .optional()
    .describe(
      'The scopes the client may get; default: those that the user was granted, as the usage ledger knows them.',
    ),
  client: clientId
    .nullable()
    .optional()
    .describe('A client that is there already, in place of a new one. It stays as it is.'),
})

export type MigrationInput = Omit<z.input<typeof migrationInput>, 'scopes'> & {
  readonly scopes?: readonly string[] | undefined
}

/**
 * Gives an integration that logs in as a user a client in its place, with the user's roles and claims, and notes it with
 * the user, who can log in as before. Throws `not_found`, `invalid`, and `conflict` if the user has a client already or is
 * disabled, if no scopes are known, if the tenant has no endpoint for the client, or if its id is taken.
 */
export async function migrateIntegration(
  operations: Operations,
  tenantId: string,
  userId: string,
  input: MigrationInput,
): Promise<MigratedIntegration> {
  const tenant = await requireTenant(operations, tenantId)
  const given = validated('migration', migrationInput, input, ({ id, scopes, client }) =>
    client != null && (id != null || scopes !== undefined)
      ? [{ path: 'client', message: 'stays as it is: leave id and scopes out' }]
      : [],
  )
  const user = await operations.store.findCurrentUser(tenantId, userId)
  if (user === null) throw notFound('user')
  await requireMigratable(operations, user)
  const tokenEndpoint = tokenAddress(tenant)
  if (tokenEndpoint === null) throw conflict('The tenant has no endpoint for clients on: realm or standard.')
  const { client, secret } =
    given.client == null
      ? await createSuccessor(operations, tenant, user, given)
      : { client: await nameSuccessor(operations, user, given.client), secret: null }
  const integration = await showIntegration(operations, tenantId, userId)
  return { integration, client, secret, tokenEndpoint }
}

async function requireMigratable({ store }: Operations, user: UserRow): Promise<void> {
  if (user.disabled) throw conflict(`The user ${user.username} is disabled: there is no login to replace.`)
  const { successor } = user
  // Of one that was deleted nothing is left to be used.
  if (successor === undefined || (await store.findCurrentClient(user.tenant, successor.client)) === null)
    return
  throw conflict(
    `The user ${user.username} has the client ${successor.client} already. Give it a new secret if the first was lost, or delete it to begin again.`,
  )
}

async function createSuccessor(
  operations: Operations,
  { id: tenant }: TenantRow,
  user: UserRow,
  given: { readonly id?: string | null | undefined; readonly scopes?: readonly string[] | undefined },
): Promise<{ readonly client: ClientResource; readonly secret: Secret | null }> {
  const prepared = await prepareClient(operations, tenant, {
    id: given.id,
    name: nameOf(user),
    scopes: given.scopes ?? (await requireGranted(operations, user)),
    roles: user.roles,
    claims: user.claims,
    grants: ['client_credentials'],
  })
  const successor = { client: prepared.row.id, since: epochSeconds(operations.clock) }
  const concerned = { tenant, user: user.id, client: successor.client, details: 'successor' }
  const row = await insertClient(operations, prepared.row, (client, created) =>
    operations.store.insertSuccessor(
      client,
      { ...user, successor },
      { client: { ...created, user: user.id }, user: eventOf(operations, 'user.update', concerned) },
    ),
  )
  return { client: await clientResource(operations, row), secret: prepared.secret }
}

/** Fits into a name, which people may have made as long as one can be. */
function nameOf({ username }: UserRow): string {
  return username.length > 240 ? username : `in place of ${username}`
}

/** What was taken from the user since, the client does not get either. */
async function requireGranted(operations: Operations, user: UserRow): Promise<readonly string[]> {
  const scopes = [...(await readGrantedScopes(operations, user))].sort()
  if (scopes.length > 0) return scopes
  throw conflict(
    `No scopes are known that the user ${user.username} was granted, and would be today. Say which the client may get, if any: scopes (--scope).`,
  )
}

async function nameSuccessor(operations: Operations, user: UserRow, id: string): Promise<ClientResource> {
  const { store, clock } = operations
  const client = await store.findCurrentClient(user.tenant, id)
  if (client === null) throw notFound('client')
  if (!isSuccessor(client)) {
    throw conflict(`The client ${id} is disabled, or may not ask for tokens of its own (client_credentials).`)
  }
  const successor = { client: id, since: epochSeconds(clock) }
  const event = eventOf(operations, 'user.update', {
    ...{ tenant: user.tenant, user: user.id, client: id, details: 'successor' },
  })
  try {
    await store.updateUser({ ...user, successor }, event)
  } catch (thrown) {
    throw toConflict(thrown)
  }
  return await clientResource(operations, client)
}

function conflict(message: string): AdminError {
  return new AdminError('conflict', message)
}

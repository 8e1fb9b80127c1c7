import { hashClientSecret, prepareClientSecret } from '../../crypto/client-secret.ts'
import { createClientSecret } from '../../crypto/client-secret-text.ts'
import type { Random } from '../../crypto/random.ts'
import { Secret } from '../../protocol/secret.ts'
import { epochSeconds } from '../../protocol/time.ts'
import type { GrantType } from '../../protocol/token.ts'
import type { AuditEvent } from '../../store/audit.ts'
import type { ChangeEventType } from '../../store/change-event.ts'
import type { ClientRow, ClientSecretRow } from '../../store/rows.ts'
import { invalid } from './admin-error.ts'
import { changeRow, fieldsChanged, notFound, toConflict } from './change-row.ts'
import {
  type ClientInput,
  type ClientPatch,
  clientInput,
  clientPatch,
  clientProblems,
} from './client-input.ts'
import { type ClientResource, clientResource, clientResources } from './client-resource.ts'
import { endOfTokens } from './end-of-tokens.ts'
import { ofClient } from './login-failures.ts'
import { type Expectation, eventOf, type Listed, type Operations } from './operations.ts'
import { requireTenant } from './require-tenant.ts'
import { insertSubject } from './subjects.ts'
import { validated } from './validated.ts'

export interface CreatedClient {
  readonly client: ClientResource
  /** The secret that was made, to be shown this once; null: the client is public, or its secret or keys were given. */
  readonly secret: Secret | null
}

/**
 * A confidential client that is given neither a secret nor keys gets a secret. Throws `not_found` (tenant), `invalid`,
 * and `conflict` if the id is taken.
 */
export async function createClient(
  operations: Operations,
  tenant: string,
  input: ClientInput,
): Promise<CreatedClient> {
  await requireTenant(operations, tenant)
  const { row, secret } = await prepareClient(operations, tenant, input)
  return { client: await clientResource(operations, await insertClient(operations, row)), secret }
}

/** The row of a client that is to be created, and its secret if one was made. Throws `invalid`. */
export async function prepareClient(
  operations: Operations,
  tenant: string,
  input: ClientInput,
): Promise<{ readonly row: ClientRow; readonly secret: Secret | null }> {
  const { secret: given, ...fields } = validated('client', clientInput, input, (client) =>
    clientProblems(withDefaults(client), typeof client.secret === 'string'),
  )
  const made =
    given == null && fields.public !== true && fields.jwks == null
      ? createClientSecret(operations.random)
      : null
  const hash = made === null ? await hashOf(operations, given ?? null) : hashClientSecret(made)
  const secrets = hash === null ? [] : [newSecretRow(operations, { name: null, hash, expiresAt: null })]
  const row = newClientRow(operations, tenant, fields, secrets)
  return { row, secret: made === null ? null : new Secret(made) }
}

/** Throws `not_found`. */
export async function showClient(
  operations: Operations,
  tenant: string,
  id: string,
): Promise<ClientResource> {
  await requireTenant(operations, tenant)
  const row = await operations.store.findClient(tenant, id)
  if (row === null) throw notFound('client')
  return await clientResource(operations, row)
}

/** In the order of their ids. Throws `not_found` (tenant). */
export async function listClients(
  operations: Operations,
  tenant: string,
  page: { readonly after: string | null; readonly limit: number },
): Promise<Listed<ClientResource, string>> {
  await requireTenant(operations, tenant)
  const { rows, next } = await operations.store.listClients(tenant, page.after, page.limit)
  return { items: await clientResources(operations, tenant, rows), next }
}

/**
 * Changes what the patch names. The rules are applied to the client as it would be: a client with a secret or keys can
 * not be made public, and a public one can not have client credentials. Disabling ends all tokens issued until now, for
 * good. Throws `not_found`, `invalid` and `changed`.
 */
export async function updateClient(
  operations: Operations,
  tenant: string,
  id: string,
  patch: ClientPatch,
  expectation: Expectation = {},
): Promise<ClientResource> {
  await requireTenant(operations, tenant)
  const fields = validated('client', clientPatch, patch)
  const row = await changeClient(operations, tenant, id, { fields }, expectation)
  return await clientResource(operations, row)
}

/**
 * The client's tokens are dead with it, and do not come to life if a client is created under its id again.
 * Throws `not_found` and `changed`.
 */
export async function deleteClient(
  operations: Operations,
  tenant: string,
  id: string,
  { version }: Expectation = {},
): Promise<void> {
  await requireTenant(operations, tenant)
  const { store } = operations
  // The port deletes whatever version there is, so one that is expected is claimed by a change first.
  const row =
    version === undefined
      ? await store.findClient(tenant, id)
      : await changeClient(operations, tenant, id, { fields: { disabled: true } }, { version })
  if (row === null) throw notFound('client')
  await store.saveFact(deletionFact(tenant, id), String(await endOfTokens(operations, 'client', row)))
  const event = eventOf(operations, 'client.delete', { tenant, client: id })
  if (!(await store.deleteClient(tenant, id, event))) throw notFound('client')
  // Whoever has the id later has not failed.
  await store.clearLoginFailures(ofClient(operations, tenant, id))
}

/** A change of a client's row; what is undefined stays. */
export interface ClientChange {
  readonly fields: ClientPatch
  readonly secrets?: (row: ClientRow) => readonly ClientSecretRow[]
  /** For the audit log, if it is one of a secret. */
  readonly ofSecret?: { readonly type: ChangeEventType; readonly id: string }
}

export async function changeClient(
  operations: Operations,
  tenant: string,
  id: string,
  { fields, secrets, ofSecret }: ClientChange,
  expectation: Expectation,
): Promise<ClientRow> {
  const { store } = operations
  const given = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
  async function change(row: ClientRow): Promise<ClientRow> {
    const changed: ClientRow = { ...row, ...given, secrets: secrets?.(row) ?? row.secrets }
    const problems = clientProblems(changed, changed.secrets.length > 0)
    if (problems.length > 0) throw invalid('client', problems)
    return changed.disabled && !row.disabled
      ? { ...changed, tokensValidAfter: await endOfTokens(operations, 'client', row) }
      : changed
  }
  const access = {
    noun: 'client',
    find: () => store.findClient(tenant, id),
    change,
    save(changed: ClientRow, before: ClientRow) {
      const concerned = { tenant, client: id, ...(ofSecret !== undefined && { object: ofSecret.id }) }
      const details = ofSecret === undefined ? fieldsChanged(before, changed) : null
      const type = ofSecret?.type ?? 'client.update'
      return store.updateClient(changed, eventOf(operations, type, { ...concerned, details }))
    },
  }
  return await changeRow(access, expectation)
}

/** The fields that the rules between fields look at, as they will be. */
export function withDefaults(input: ClientInput) {
  const isPublic = input.public ?? false
  const grants: readonly GrantType[] = isPublic ? ['password', 'refresh_token'] : ['client_credentials']
  return {
    public: isPublic,
    grants: input.grants ?? grants,
    introspect: input.introspect ?? 'own',
    jwks: input.jwks ?? null,
  } as const
}

/** The row of a client that is not there yet. */
export function newClientRow(
  { clock, random }: Operations,
  tenant: string,
  fields: Omit<ClientInput, 'secret'>,
  secrets: readonly ClientSecretRow[],
): ClientRow {
  return {
    tenant,
    id: fields.id ?? newId(random, 43),
    name: fields.name ?? null,
    ...withDefaults(fields),
    secrets,
    scopes: fields.scopes ?? [],
    roles: fields.roles ?? [],
    claims: fields.claims ?? {},
    accessToken: fields.accessToken ?? 'jwt',
    expiresIn: fields.expiresIn ?? null,
    dpopBoundAccessTokens: fields.dpopBoundAccessTokens ?? false,
    disabled: fields.disabled ?? false,
    tokensValidAfter: 0,
    createdAt: epochSeconds(clock),
    version: 1,
  }
}

/**
 * Throws `conflict` if the id is taken. Tokens of an earlier client of this id stay dead. `write` is the insert, with
 * what else is written in one.
 */
export async function insertClient(
  operations: Operations,
  row: ClientRow,
  write: (row: ClientRow, event: AuditEvent) => Promise<unknown> = (inserted, event) =>
    operations.store.insertClient(inserted, event),
): Promise<ClientRow> {
  const { store, clock } = operations
  const deleted = await store.findFact(deletionFact(row.tenant, row.id))
  // Without an earlier client every token is this client's: those that are imported later must live.
  const tokensValidAfter = deleted === null ? 0 : Math.max(Number(deleted), epochSeconds(clock))
  const inserted = { ...row, tokensValidAfter }
  await insertSubject(operations, 'client', row.tenant, row.id, async () => {
    try {
      await write(inserted, eventOf(operations, 'client.create', { tenant: row.tenant, client: row.id }))
    } catch (thrown) {
      throw toConflict(thrown)
    }
  })
  return inserted
}

/** Tells until when a deleted client of this id may have been given tokens. */
export function deletionFact(tenant: string, id: string): string {
  return `deleted_client/${tenant}/${id}`
}

/** base64url characters; not `-` first, which a command line would take for an option. */
function newId(random: Random, length: number): string {
  const id = random.text(length)
  return id.startsWith('-') ? newId(random, length) : id
}

export function newSecretRow(
  { clock, random }: Operations,
  secret: Pick<ClientSecretRow, 'name' | 'hash' | 'expiresAt'>,
): ClientSecretRow {
  return { id: newId(random, 16), createdAt: epochSeconds(clock), ...secret }
}

async function hashOf({ passwords }: Operations, secret: string | null): Promise<string | null> {
  return secret === null ? null : await prepareClientSecret(secret, passwords)
}

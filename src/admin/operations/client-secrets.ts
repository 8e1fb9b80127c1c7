import { hashClientSecret, isSlowClientSecret, prepareClientSecret } from '../../crypto/client-secret.ts'
import { createClientSecret } from '../../crypto/client-secret-text.ts'
import { Secret } from '../../protocol/secret.ts'
import type { EpochSeconds, Seconds } from '../../protocol/time.ts'
import { epochSeconds } from '../../protocol/time.ts'
import type { ClientRow, ClientSecretRow } from '../../store/rows.ts'
import { AdminError } from './admin-error.ts'
import {
  type ClientSecretInput,
  type ClientSecretPatch,
  clientSecretInput,
  clientSecretPatch,
} from './client-input.ts'
import { type ClientResource, type ClientSecretResource, clientResource } from './client-resource.ts'
import { changeClient, newSecretRow } from './clients.ts'
import type { Expectation, Operations } from './operations.ts'
import { requireTenant } from './require-tenant.ts'
import { validated } from './validated.ts'

/** They are read together, and all tried when the client comes with a wrong one. */
const MAX_SECRETS = 100

/** Each of those costs 20 ms or more then. */
const MAX_SLOW_SECRETS = 10

export interface AddedClientSecret {
  readonly client: ClientResource
  readonly added: ClientSecretResource
  /** The secret that was made, to be shown this once; null: it was given. */
  readonly secret: Secret | null
}

/**
 * Adds a secret; secrets that have expired are taken away at the same time. Throws `not_found`, `invalid`,
 * `changed`, and `conflict` if the client is public (RFC 6749 §2.1), has a hundred secrets already, or has ten
 * with a slow hash and this one needs one, too.
 */
export async function addClientSecret(
  operations: Operations,
  tenant: string,
  clientId: string,
  input: ClientSecretInput = {},
  expectation: Expectation = {},
): Promise<AddedClientSecret> {
  await requireTenant(operations, tenant)
  const {
    name,
    secret: given,
    expiresIn,
    othersExpireIn,
  } = validated('client secret', clientSecretInput, input)
  const now = epochSeconds(operations.clock)
  const made = given == null ? createClientSecret(operations.random) : null
  const row = newSecretRow(operations, {
    name: name ?? null,
    hash:
      made === null ? await prepareClientSecret(given ?? '', operations.passwords) : hashClientSecret(made),
    expiresAt: expiresIn == null ? null : now + expiresIn,
  })
  const secrets = (client: ClientRow) => {
    if (client.public)
      throw new AdminError('conflict', 'A public client has no secrets. Make it confidential first.')
    const others = endedBy(client.secrets, othersExpireIn == null ? null : now + othersExpireIn)
    const kept = others.filter(({ expiresAt }) => expiresAt === null || expiresAt > now)
    requireRoom(kept, row)
    return [...kept, row]
  }
  const ofSecret = { type: 'client_secret.add', id: row.id } as const
  const change = { fields: {}, secrets, ofSecret }
  const client = await changeClient(operations, tenant, clientId, change, expectation)
  const resource = await clientResource(operations, client)
  return {
    client: resource,
    added: requireSecret(resource, row.id),
    secret: made === null ? null : new Secret(made),
  }
}

/**
 * A new secret in place of all others, which stay valid for `overlap` seconds so that every node of the client can
 * be given the new one. As `addClientSecret`.
 */
export async function rotateClientSecret(
  operations: Operations,
  tenant: string,
  clientId: string,
  overlap: Seconds,
  expectation: Expectation = {},
): Promise<AddedClientSecret> {
  return addClientSecret(operations, tenant, clientId, { othersExpireIn: overlap }, expectation)
}

export interface ChangedClientSecret {
  readonly client: ClientResource
  readonly changed: ClientSecretResource
}

/**
 * Mutes a secret before it is removed: it still works, and each use of it is told, so that whoever has it still can be
 * found. Or takes that back. Throws `not_found`, `invalid` and `changed`.
 */
export async function changeClientSecret(
  operations: Operations,
  tenant: string,
  clientId: string,
  secretId: string,
  patch: ClientSecretPatch,
  expectation: Expectation = {},
): Promise<ChangedClientSecret> {
  await requireTenant(operations, tenant)
  const { muted } = validated('client secret', clientSecretPatch, patch)
  const secrets = (client: ClientRow) => {
    requireSecret(client, secretId)
    return client.secrets.map((row) => (row.id === secretId && muted !== undefined ? { ...row, muted } : row))
  }
  const ofSecret = { type: 'client_secret.update', id: secretId } as const
  const change = { fields: {}, secrets, ofSecret }
  const row = await changeClient(operations, tenant, clientId, change, expectation)
  const client = await clientResource(operations, row)
  return { client, changed: requireSecret(client, secretId) }
}

/** The secret is refused from now on; tokens stay as they are. Throws `not_found` and `changed`. */
export async function removeClientSecret(
  operations: Operations,
  tenant: string,
  clientId: string,
  secretId: string,
  expectation: Expectation = {},
): Promise<ClientResource> {
  await requireTenant(operations, tenant)
  const secrets = (client: ClientRow) => {
    requireSecret(client, secretId)
    return client.secrets.filter(({ id }) => id !== secretId)
  }
  const ofSecret = { type: 'client_secret.remove', id: secretId } as const
  const change = { fields: {}, secrets, ofSecret }
  const client = await changeClient(operations, tenant, clientId, change, expectation)
  return await clientResource(operations, client)
}

function requireSecret<Row extends { readonly id: string }>(
  client: { readonly secrets: readonly Row[] },
  id: string,
): Row {
  const secret = client.secrets.find((row) => row.id === id)
  if (secret === undefined) throw new AdminError('not_found', 'The client has no secret with this id.')
  return secret
}

function requireRoom(others: readonly ClientSecretRow[], added: ClientSecretRow): void {
  if (others.length >= MAX_SECRETS) {
    throw new AdminError('conflict', `The client has ${MAX_SECRETS} secrets. Remove one first.`)
  }
  const slow = others.filter(({ hash }) => isSlowClientSecret(hash))
  if (isSlowClientSecret(added.hash) && slow.length >= MAX_SLOW_SECRETS) {
    const problem = `The client has ${MAX_SLOW_SECRETS} secrets that somebody chose, which are slow to compare.`
    throw new AdminError('conflict', `${problem} Remove one first, or have this one made.`)
  }
}

function endedBy(secrets: readonly ClientSecretRow[], end: EpochSeconds | null): readonly ClientSecretRow[] {
  if (end === null) return secrets
  return secrets.map((row) => ({ ...row, expiresAt: Math.min(end, row.expiresAt ?? end) }))
}

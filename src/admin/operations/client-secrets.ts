import { hashClientSecret, prepareClientSecret } from '../../crypto/client-secret.ts'
import { createClientSecret } from '../../crypto/client-secret-text.ts'
import { Secret } from '../../protocol/secret.ts'
import type { EpochSeconds, Seconds } from '../../protocol/time.ts'
import { epochSeconds } from '../../protocol/time.ts'
import type { ClientRow, ClientSecretRow } from '../../store/rows.ts'
import { AdminError } from './admin-error.ts'
import { type ClientSecretInput, clientSecretInput } from './client-input.ts'
import {
  type ClientResource,
  type ClientSecretResource,
  changeClient,
  newSecretRow,
  toClientResource,
  toSecretResource,
} from './clients.ts'
import type { Expectation, Operations } from './operations.ts'
import { requireTenant } from './require-tenant.ts'
import { validated } from './validated.ts'

/** Each is tried when the client authenticates, and slow hashes cost 20 ms or more. */
const MAX_SECRETS = 10

export interface AddedClientSecret {
  readonly client: ClientResource
  readonly added: ClientSecretResource
  /** The secret that was made, to be shown this once; null: it was given. */
  readonly secret: Secret | null
}

/**
 * Adds a secret; secrets that have expired are taken away at the same time. Throws `not_found`, `invalid`,
 * `changed`, and `conflict` if the client is public (RFC 6749 §2.1) or has ten secrets already.
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
    if (kept.length >= MAX_SECRETS) {
      throw new AdminError('conflict', `The client has ${MAX_SECRETS} secrets. Remove one first.`)
    }
    return [...kept, row]
  }
  const client = await changeClient(operations, tenant, clientId, { fields: {}, secrets }, expectation)
  return {
    client: toClientResource(client),
    added: toSecretResource(row),
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
    const kept = client.secrets.filter(({ id }) => id !== secretId)
    if (kept.length === client.secrets.length) {
      throw new AdminError('not_found', 'The client has no secret with this id.')
    }
    return kept
  }
  return toClientResource(
    await changeClient(operations, tenant, clientId, { fields: {}, secrets }, expectation),
  )
}

function endedBy(secrets: readonly ClientSecretRow[], end: EpochSeconds | null): readonly ClientSecretRow[] {
  if (end === null) return secrets
  return secrets.map((row) => ({ ...row, expiresAt: Math.min(end, row.expiresAt ?? end) }))
}

import { prepareClientSecret, verifyClientSecret } from '../../crypto/client-secret.ts'
import { epochSeconds } from '../../protocol/time.ts'
import type { ClientRow, ClientSecretRow } from '../../store/rows.ts'
import { invalid } from './admin-error.ts'
import { type Change, changesOf } from './apply-change.ts'
import type { ClientInput } from './client-input.ts'
import { changeClient, insertClient, newClientRow, newSecretRow } from './clients.ts'
import type { Operations } from './operations.ts'
import { requireFree } from './subjects.ts'

/** The name of the secret that a configuration lists: the next listed one takes its place. */
const LISTED = 'configuration'

type ListedClient = Omit<ClientInput, 'secret'> & {
  readonly id: string
  readonly secret?: string | null | undefined
}

/** What to do so that the client is as listed. Throws `conflict`, or `invalid` for a new client without a secret and keys. */
export async function planClient(
  operations: Operations,
  tenant: string,
  input: ClientInput & { readonly id: string },
  path: string,
): Promise<Change> {
  const { secret = null, ...fields } = input as ListedClient
  const known = await operations.store.findClient(tenant, fields.id)
  if (known === null) return await planNew(operations, tenant, fields, secret, path)
  const listed = newClientRow(operations, tenant, fields, [])
  const wanted = {
    name: listed.name,
    public: listed.public,
    grants: listed.grants,
    scopes: listed.scopes,
    roles: listed.roles,
    claims: listed.claims,
    jwks: listed.jwks,
    accessToken: listed.accessToken,
    expiresIn: listed.expiresIn,
    introspect: listed.introspect,
    dpopBoundAccessTokens: listed.dpopBoundAccessTokens,
    // Somebody disabled elsewhere stays so, unless the configuration says otherwise.
    disabled: fields.disabled ?? known.disabled,
  }
  const secrets = await newSecrets(operations, known, listed.public, secret)
  const changes = [...changesOf(known, wanted), ...(secrets === null ? [] : ['secret'])]
  return {
    report: {
      path,
      kind: 'client',
      id: known.id,
      name: listed.name,
      outcome: changes.length > 0 ? 'updated' : 'unchanged',
      fields: changes,
    },
    write:
      changes.length === 0
        ? null
        : async () => {
            const change = { fields: wanted, ...(secrets !== null && { secrets: () => secrets }) }
            await changeClient(operations, tenant, known.id, change, { version: known.version })
          },
  }
}

async function planNew(
  operations: Operations,
  tenant: string,
  fields: Omit<ListedClient, 'secret'>,
  secret: string | null,
  path: string,
): Promise<Change> {
  if (secret === null && fields.public !== true && fields.jwks == null) {
    // One that is made here could be shown to nobody.
    const message = 'is missing: a new client needs one or jwks, or must be public'
    throw invalid('configuration', [{ path: `${path}.secret`, message }])
  }
  await requireFree(operations, 'client', tenant, fields.id)
  return {
    report: {
      path,
      kind: 'client',
      id: fields.id,
      name: fields.name ?? null,
      outcome: 'created',
      fields: [],
    },
    async write() {
      const secrets = secret === null ? [] : [await listedSecret(operations, secret)]
      await insertClient(operations, newClientRow(operations, tenant, fields, secrets))
    },
  }
}

/** The secrets the client shall have; null: those it has. A public client has none (RFC 6749 §2.1). */
async function newSecrets(
  operations: Operations,
  known: ClientRow,
  isPublic: boolean,
  secret: string | null,
): Promise<readonly ClientSecretRow[] | null> {
  if (isPublic) return known.secrets.length > 0 ? [] : null
  if (secret === null || (await hasSecret(operations, known, secret))) return null
  const others = known.secrets.filter(({ name }) => name !== LISTED)
  return [...others, await listedSecret(operations, secret)]
}

async function hasSecret(
  { passwords, clock }: Operations,
  client: ClientRow,
  secret: string,
): Promise<boolean> {
  const now = epochSeconds(clock)
  for (const { hash, expiresAt } of client.secrets) {
    if (expiresAt !== null && expiresAt <= now) continue
    if (await verifyClientSecret(hash, secret, passwords)) return true
  }
  return false
}

async function listedSecret(operations: Operations, secret: string): Promise<ClientSecretRow> {
  const hash = await prepareClientSecret(secret, operations.passwords)
  return newSecretRow(operations, { name: LISTED, hash, expiresAt: null })
}

import {
  clientSecretNeedsUpgrade,
  hashClientSecret,
  isSlowClientSecret,
  verifyClientSecret,
  verifyStrongClientSecret,
} from '../crypto/client-secret.ts'
import { isDamagedClientSecret } from '../crypto/client-secret-text.ts'
import { OAuthError } from '../protocol/errors.ts'
import type { Secret } from '../protocol/secret.ts'
import type { PresentedClient } from '../protocol/token.ts'
import type { ClientRow, ClientSecretRow } from '../store/rows.ts'
import { addNote, type Call } from './call.ts'
import { type NamedAssertion, readAssertion, requireAssertion, spendAssertion } from './client-assertion.ts'

/**
 * Authenticates the client a request names (RFC 6749 §2.3). Null where none is named and the surface needs none.
 * Throws `invalid_client`; why is only in the reason.
 */
export function authenticateClient(presented: PresentedClient, call: Call): null | Promise<ClientRow | null> {
  if (call.policy.client === 'ignored') return null
  if (presented.method === 'absent') {
    if (call.policy.client === 'optional') return null
    throw new OAuthError('invalid_client', 'no_client')
  }
  return requireClient(presented, call)
}

/** As `authenticateClient`, but the request must name a confidential client whatever the surface. */
export function authenticateConfidentialClient(presented: PresentedClient, call: Call): Promise<ClientRow> {
  if (presented.method === 'absent') throw new OAuthError('invalid_client', 'no_client')
  if (presented.method === 'none') throw refused('client_secret_missing')
  return requireClient(presented, call)
}

type NamedClient = Exclude<PresentedClient, { method: 'absent' | 'private_key_jwt' }> | NamedAssertion

/** Throws `too_many_requests` for a client that sends more than the tenant lets it. */
async function requireClient(
  presented: Exclude<PresentedClient, { method: 'absent' }>,
  call: Call,
): Promise<ClientRow> {
  const named = presented.method === 'private_key_jwt' ? readAssertion(presented) : presented
  const client = await findAuthenticated(named, call)
  // First, so that what is refused for it may be sent again.
  call.services.rate.takeOfClient(call.tenant, client.id)
  if (named.method === 'private_key_jwt') await spendAssertion(named, call)
  return client
}

/**
 * A new secret works at once, on all nodes: nobody is refused because of what a node has read before. Whoever is
 * refused was looked up twice, whether there is such a client or not.
 */
async function findAuthenticated(presented: NamedClient, call: Call): Promise<ClientRow> {
  const { store } = call.services
  const known = await store.findClient(call.tenant.id, presented.clientId)
  try {
    return await authenticated(known, presented, call)
  } catch (refusal) {
    if (!(refusal instanceof OAuthError) || refusal.code !== 'invalid_client') throw refusal
    const client = await store.findCurrentClient(call.tenant.id, presented.clientId)
    if (JSON.stringify(client) === JSON.stringify(known)) throw refusal
    return await authenticated(client, presented, call)
  }
}

async function authenticated(
  client: ClientRow | null,
  presented: NamedClient,
  call: Call,
): Promise<ClientRow> {
  if (client === null) throw refused('unknown_client')
  call.trace.client = client.id
  const secret = await requireProof(client, presented, call)
  if (client.disabled) throw refused('client_disabled')
  if (secret !== null) noteUse(client, secret, call)
  return client
}

/** The secret by which the client has authenticated; null: it did so in another way. */
async function requireProof(
  client: ClientRow,
  presented: NamedClient,
  call: Call,
): Promise<ClientSecretRow | null> {
  switch (presented.method) {
    case 'none':
      if (!isPublic(client)) throw refused('client_secret_missing')
      return null
    case 'private_key_jwt':
      requireAssertion(client, presented, call)
      return null
    default:
      return await requireSecret(client, presented.clientSecret, call)
  }
}

/** A client that has a secret or a key is confidential, whatever its type says. */
function isPublic(client: ClientRow): boolean {
  return client.public && client.secrets.length === 0 && client.jwks === null
}

async function requireSecret(client: ClientRow, presented: Secret, call: Call): Promise<ClientSecretRow> {
  const text = presented.reveal()
  const valid = client.secrets.filter(({ expiresAt }) => expiresAt === null || expiresAt > call.now)
  // The slow ones are tried last: who has another secret beside them should not wait for them.
  const secret = findBySha256(valid, text) ?? (await findBySlowHash(valid, text, call))
  if (secret === null) {
    if (isDamagedClientSecret(text)) throw refused('damaged_client_secret')
    throw refused('wrong_client_secret')
  }
  if (clientSecretNeedsUpgrade(secret.hash, text)) await upgradeSecret(client, secret, text, call)
  return secret
}

function findBySha256(secrets: readonly ClientSecretRow[], text: string): ClientSecretRow | null {
  return secrets.find(({ hash }) => verifyStrongClientSecret(hash, text)) ?? null
}

async function findBySlowHash(
  secrets: readonly ClientSecretRow[],
  text: string,
  call: Call,
): Promise<ClientSecretRow | null> {
  for (const secret of secrets) {
    if (!isSlowClientSecret(secret.hash)) continue
    if (await verifyClientSecret(secret.hash, text, call.services.passwords, call)) return secret
  }
  return null
}

function noteUse(
  { tenant, id: client }: ClientRow,
  { id: secret, muted }: ClientSecretRow,
  call: Call,
): void {
  call.services.secretUses.note({ tenant, client, secret }, call.now, call.source)
  if (muted === true) addNote(call.trace, 'muted secret')
}

/**
 * Replaces the slow hash of a strong secret that another system stored. Only makes later requests cheaper: if somebody
 * else changed the client meanwhile, or the write fails, the next request tries again.
 */
async function upgradeSecret(
  client: ClientRow,
  secret: ClientSecretRow,
  text: string,
  call: Call,
): Promise<void> {
  const upgraded = { ...secret, hash: hashClientSecret(text) }
  const secrets = client.secrets.map((one) => (one === secret ? upgraded : one))
  try {
    await call.services.store.updateClient({ ...client, secrets })
    addNote(call.trace, 'secret upgraded')
  } catch {
    addNote(call.trace, 'secret upgrade not stored')
  }
}

function refused(reason: string): OAuthError {
  return new OAuthError('invalid_client', reason)
}

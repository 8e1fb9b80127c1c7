import {
  clientSecretNeedsUpgrade,
  hashClientSecret,
  strongClientSecretCheck,
} from '../crypto/client-secret.ts'
import { isDamagedClientSecret } from '../crypto/client-secret-text.ts'
import { OAuthError } from '../protocol/errors.ts'
import type { Secret } from '../protocol/secret.ts'
import type { PresentedClient } from '../protocol/token.ts'
import { BY_SERVER, changeEvent } from '../store/change-event.ts'
import type { ClientRow, ClientSecretRow } from '../store/rows.ts'
import { addNote, type Call } from './call.ts'
import { type NamedAssertion, readAssertion, requireAssertion, spendAssertion } from './client-assertion.ts'
import { checkSlowSecrets, isValidSecret } from './client-secret-check.ts'

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

type PresentedSecret = Extract<PresentedClient, { clientSecret: Secret }>

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
 * refused was read from the database once, whether there is such a client or not: what is not there is never kept.
 */
async function findAuthenticated(presented: NamedClient, call: Call): Promise<ClientRow> {
  const { store } = call.services
  const known = await store.findClient(call.tenant.id, presented.clientId)
  const first = outcomeOf(known, presented, call)
  if (!(first instanceof OAuthError)) return first
  const client = known && (await store.findCurrentClient(call.tenant.id, presented.clientId))
  const isSame = JSON.stringify(client) === JSON.stringify(known)
  const outcome = isSame ? first : outcomeOf(client, presented, call)
  if (!(outcome instanceof OAuthError)) return outcome
  if (!('clientSecret' in presented)) throw outcome
  return await authenticatedSlowly(client, presented, outcome, call)
}

/** The client, or why it is not, as far as that can be told at once. */
function outcomeOf(client: ClientRow | null, presented: NamedClient, call: Call): ClientRow | OAuthError {
  try {
    return authenticatedAtOnce(client, presented, call)
  } catch (thrown) {
    if (thrown instanceof OAuthError && thrown.code === 'invalid_client') return thrown
    throw thrown
  }
}

function authenticatedAtOnce(client: ClientRow | null, presented: NamedClient, call: Call): ClientRow {
  if (client === null) throw refused('unknown_client')
  call.trace.client = client.id
  const secret = requireProof(client, presented, call)
  if (client.disabled) throw refused('client_disabled')
  if (secret !== null) noteUse(client, secret, call)
  return client
}

/** The secret by which the client has authenticated; null: it did so in another way. */
function requireProof(client: ClientRow, presented: NamedClient, call: Call): ClientSecretRow | null {
  switch (presented.method) {
    case 'none':
      if (!isPublic(client)) throw refused('client_secret_missing')
      return null
    case 'private_key_jwt':
      requireAssertion(client, presented, call)
      return null
    default:
      return requireStrongSecret(client, presented.clientSecret, call)
  }
}

/** A client that has a secret or a key is confidential, whatever its type says. */
function isPublic(client: ClientRow): boolean {
  return client.public && client.secrets.length === 0 && client.jwks === null
}

function requireStrongSecret(client: ClientRow, presented: Secret, call: Call): ClientSecretRow {
  const text = presented.reveal()
  const isPresented = strongClientSecretCheck(text)
  const secret = client.secrets.find((one) => isValidSecret(one, call.now) && isPresented(one.hash))
  if (secret !== undefined) return secret
  if (isDamagedClientSecret(text)) throw refused('damaged_client_secret')
  throw refused('wrong_client_secret')
}

/** Who has a fast secret beside the slow ones does not wait for them. Throws `refusal` if none of these is it either. */
async function authenticatedSlowly(
  client: ClientRow | null,
  { clientId, clientSecret }: PresentedSecret,
  refusal: OAuthError,
  call: Call,
): Promise<ClientRow> {
  const text = clientSecret.reveal()
  const secret = await checkSlowSecrets(client, { clientId, text }, call)
  if (secret === 'blocked') throw refused('client_blocked')
  if (client?.disabled) throw refused('client_disabled')
  if (client === null || secret === null) throw refusal
  noteUse(client, secret, call)
  if (clientSecretNeedsUpgrade(secret.hash, text)) await upgradeSecret(client, secret, text, call)
  return client
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
  const { store, clock } = call.services
  const changed = { tenant: client.tenant, client: client.id, object: secret.id, details: 'hashed anew' }
  try {
    const event = changeEvent(BY_SERVER, clock(), 'client_secret.update', changed)
    await store.rehashClient({ ...client, secrets }, event)
    addNote(call.trace, 'secret upgraded')
  } catch {
    addNote(call.trace, 'secret upgrade not stored')
  }
}

function refused(reason: string): OAuthError {
  return new OAuthError('invalid_client', reason)
}

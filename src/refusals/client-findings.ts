import { readClientAssertion } from '../crypto/client-assertion.ts'
import { isSlowClientSecret, strongClientSecretCheck } from '../crypto/client-secret.ts'
import { CLIENT_SECRET_LENGTH } from '../crypto/client-secret-text.ts'
import { isValidSecret } from '../endpoints/client-secret-check.ts'
import type { PresentedAssertion, PresentedClient } from '../protocol/token.ts'
import { isPlaceholder, tokenLook } from '../protocol/token-look.ts'
import type { Finding } from '../store/findings.ts'
import type { ClientRow } from '../store/rows.ts'
import { authorizationMistake, bearerMistake, rawBasic } from './authorization.ts'
import { claimedTimes } from './claimed-times.ts'
import type { Examined } from './examined.ts'
import { blockedFindings } from './limit-findings.ts'
import { isElsewhere } from './other-tenants.ts'
import {
  isSpoiltByDecoding,
  likelyMistake,
  type Meant,
  meantNames,
  meantTexts,
  meantUndecoded,
} from './text-mistakes.ts'

type WithSecret = Extract<PresentedClient, { method: 'client_secret_basic' | 'client_secret_post' }>

/** Why a client was not authenticated. */
export async function clientFindings(examined: Examined): Promise<readonly Finding[]> {
  const { refusal, presented, client, authorization } = examined
  switch (refusal.reason) {
    case 'unsupported_authorization_header':
    case 'no_client': {
      const mistake = authorization === null ? null : authorizationMistake(authorization)
      return mistake === null ? [] : [{ finding: 'authorization', mistake }]
    }
    case 'no_token':
    case 'no_authorization':
      return authorization === null
        ? []
        : [{ finding: 'authorization', mistake: bearerMistake(authorization) }]
    case 'unknown_client':
      return presented === null ? [] : await unknownFindings(presented, examined)
    case 'wrong_client_secret':
    case 'damaged_client_secret':
      return client === null || !hasSecret(presented) ? [] : secretFindings(client, presented, examined)
    case 'client_secret_missing':
      return client === null ? [] : [secretsOf(client)]
    case 'client_blocked':
      return client === null ? [] : await blockedFindings({ clientId: client.id }, examined)
    default:
      return presented?.method === 'private_key_jwt' ? assertionFindings(presented, examined) : []
  }
}

function hasSecret(presented: PresentedClient | null): presented is WithSecret {
  return presented !== null && 'clientSecret' in presented
}

async function unknownFindings(presented: PresentedClient, examined: Examined): Promise<readonly Finding[]> {
  const { tenant, services } = examined
  const clientId = clientIdOf(presented)
  if (clientId === null) return []
  if (isPlaceholder(clientId)) return [{ finding: 'client_id_mistake', mistake: 'placeholder' }]
  const { store } = services
  const find = (id: string) => store.findCurrentClient(tenant.id, id)
  const secret = hasSecret(presented) ? presented.clientSecret.reveal() : null
  // What is a secret by its look is not asked for: the log of a database may have what it was asked.
  if (secret !== null && tokenLook(secret) !== 'client secret') {
    const swapped = await find(secret)
    if (swapped !== null) return [{ finding: 'swapped', client: swapped.id }]
  }
  if (clientId.startsWith('mkcs_')) return [{ finding: 'client_id_mistake', mistake: 'secret' }]
  for (const { mistake, text } of [...rawNames(clientId, examined), ...meantNames(clientId)]) {
    const client = await find(text)
    if (client !== null) return [{ finding: 'client_like', client: client.id, mistake }]
  }
  if (await isElsewhere(examined, async (id) => (await store.findCurrentClient(id, clientId)) !== null))
    return [{ finding: 'client_elsewhere' }]
  const user = clientId === '' ? null : await store.findUserByLogin(tenant.id, clientId)
  return user === null ? [] : [{ finding: 'client_is_user' }]
}

/** The id before it was form-decoded, where it was. */
function rawNames(clientId: string, { authorization, undecoded }: Examined): readonly Meant[] {
  return meantUndecoded(clientId, rawBasic(authorization)?.clientId ?? undecoded.get('client_id'))
}

function clientIdOf(presented: PresentedClient): string | null {
  if (presented.method === 'absent') return null
  if (presented.method !== 'private_key_jwt') return presented.clientId
  const sub = readClientAssertion(presented.assertion.reveal())?.claims.sub
  return typeof sub === 'string' && !sub.includes('\0') && sub.isWellFormed() ? sub : null
}

/**
 * Which mistake would explain a wrong secret. Secrets that are compared fast are compared once more, with what may have
 * been meant: that takes microseconds, is told to operators alone, and counts as nothing. Those that are slow are not.
 */
function secretFindings(client: ClientRow, presented: WithSecret, examined: Examined): readonly Finding[] {
  const text = presented.clientSecret.reveal()
  const exact = strongClientSecretCheck(text)
  const expired = client.secrets.find((one) => !isValidSecret(one, examined.now) && exact(one.hash))
  if (expired?.expiresAt != null) {
    return [{ finding: 'secret_expired', secret: expired.id, at: expired.expiresAt }, secretsOf(client)]
  }
  for (const { mistake, text: meant } of meantSecrets(text, examined)) {
    const isMeant = strongClientSecretCheck(meant)
    if (client.secrets.some((one) => isValidSecret(one, examined.now) && isMeant(one.hash)))
      return [{ finding: 'secret_mistake', mistake, isCertain: true }]
  }
  const likely = likelySecretMistake(text, client, examined)
  return [
    ...(likely === null ? [] : [likely]),
    ...(examined.refusal.reason === 'damaged_client_secret'
      ? [{ finding: 'secret_cut', length: text.length, expected: CLIENT_SECRET_LENGTH } as const]
      : []),
    secretsOf(client),
  ]
}

function meantSecrets(text: string, examined: Examined): readonly Meant[] {
  const undecoded = rawSecrets(text, examined)
  return [...undecoded, ...undecoded.flatMap((meant) => meantTexts(meant.text)), ...meantTexts(text)]
}

/** The secret before it was form-decoded, where it was. */
function rawSecrets(text: string, { authorization, undecoded }: Examined): readonly Meant[] {
  return meantUndecoded(text, rawBasic(authorization)?.secret ?? undecoded.get('client_secret'))
}

/** What nothing can be compared with: a secret that is slow, or a variable that nobody has filled in. */
function likelySecretMistake(text: string, { secrets }: ClientRow, examined: Examined): Finding | null {
  if (isPlaceholder(text)) return { finding: 'secret_mistake', mistake: 'placeholder', isCertain: true }
  if (!secrets.some(({ hash }) => isSlowClientSecret(hash))) return null
  const isSpoilt = rawSecrets(text, examined).some(({ text: raw }) => isSpoiltByDecoding(raw))
  const mistake = isSpoilt ? 'not_form_encoded' : likelyMistake(text)
  return mistake === null ? null : { finding: 'secret_mistake', mistake, isCertain: false }
}

function secretsOf({ secrets }: ClientRow): Finding {
  const newest = secrets.length === 0 ? null : Math.max(...secrets.map(({ createdAt }) => createdAt))
  return { finding: 'secrets_of_client', count: secrets.length, newestAt: newest }
}

function assertionFindings(presented: PresentedAssertion, examined: Examined): readonly Finding[] {
  const { refusal, client, policy, now } = examined
  switch (refusal.reason) {
    case 'assertion_expired':
    case 'assertion_lives_too_long':
    case 'assertion_from_the_future': {
      const claims = readClientAssertion(presented.assertion.reveal())?.claims
      return claims === undefined ? [] : [claimedTimes('assertion', claims, now)]
    }
    case 'assertion_audience': {
      const { endpoints, issuer } = policy
      const values =
        endpoints === null ? [issuer] : [...new Set([issuer, endpoints.token, endpoints[presented.endpoint]])]
      return [{ finding: 'expected_values', claim: 'aud', values }]
    }
    case 'assertion_key':
    case 'assertion_signature': {
      const keys = client?.jwks?.keys ?? []
      const kids = keys.flatMap(({ kid }) => (kid === undefined ? [] : [kid]))
      return [{ finding: 'keys_of_client', kids: kids.slice(0, 10), count: keys.length }]
    }
    default:
      return []
  }
}

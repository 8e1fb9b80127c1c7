import { isSlowClientSecret } from '../crypto/client-secret.ts'
import type { EpochSeconds } from '../protocol/time.ts'
import type { ClientRow, ClientSecretRow } from '../store/rows.ts'
import type { Call } from './call.ts'

/** How many slow secrets a client of a tenant has, at most, of those that were asked for since the start. */
export interface SlowClientSecrets {
  /** As many as any client of the tenant has had, and no fewer: the others are null. */
  padded(tenant: string, hashes: readonly string[]): readonly (string | null)[]
}

export function createSlowClientSecrets(): SlowClientSecrets {
  const most = new Map<string, number>()
  return {
    padded(tenant, hashes) {
      const length = Math.max(most.get(tenant) ?? 0, hashes.length)
      if (length > 0) most.set(tenant, length)
      return Array.from({ length }, (_, index) => hashes[index] ?? null)
    },
  }
}

/**
 * Which of a client's slow secrets a text is that none of its fast ones is: null for none, `blocked` if that may not be
 * told. Secrets that are compared slowly are those that somebody may have chosen, so they are guessed within the limits
 * of passwords.
 *
 * Whoever is refused, for whatever reason, has cost the same: where clients of the tenant have slow secrets, their
 * hashes, one look at the limits and the attempt to count it. Elsewhere nothing can be guessed, and nobody waits until
 * it is counted.
 */
export async function checkSlowSecrets(
  client: ClientRow | null,
  { clientId, text }: { readonly clientId: string; readonly text: string },
  call: Call,
): Promise<ClientSecretRow | 'blocked' | null> {
  const { passwords, logins, slowSecrets } = call.services
  const tenant = call.tenant.id
  const slow = client === null || client.disabled ? [] : slowSecretsOf(client, call.now)
  const hashes = slowSecrets.padded(
    tenant,
    slow.map(({ hash }) => hash),
  )
  const isGuessable = slow.length > 0
  const login = { tenant, clientId, isGuessable, source: call.source() }
  const nowMs = call.now * 1000
  if (hashes.length === 0) {
    logins.noted.note(login, nowMs)
    return null
  }
  let found = null as number | null
  const verdict = await logins.begin(login, nowMs).compare(async (judge) => {
    found = await passwords.findMatch(hashes, text, call, judge)
    return found === null ? 'mismatch' : 'match'
  })
  if (found !== null) return slow[found] ?? null
  return verdict === 'blocked' && isGuessable ? 'blocked' : null
}

function slowSecretsOf({ secrets }: ClientRow, now: EpochSeconds): readonly ClientSecretRow[] {
  return secrets.filter((secret) => isSlowClientSecret(secret.hash) && isValidSecret(secret, now))
}

export function isValidSecret({ expiresAt }: ClientSecretRow, now: EpochSeconds): boolean {
  return expiresAt === null || expiresAt > now
}

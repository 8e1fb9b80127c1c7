import { isSlowClientSecret } from '../crypto/client-secret.ts'
import type { Finding } from '../store/findings.ts'
import { hasRoom, type LoginBucket } from '../store/login-failures.ts'
import type { Examined } from './examined.ts'

/** Until when a block lasts if nobody fails meanwhile, and whose it is. */
export async function blockedFindings(
  who: { readonly clientId: string } | { readonly username: string },
  { services, tenant, source, user, client, now }: Examined,
): Promise<readonly Finding[]> {
  const { store, logins } = services
  const of = 'clientId' in who ? 'client' : 'user'
  const isGuessable = client?.secrets.some(({ hash }) => isSlowClientSecret(hash)) ?? false
  const buckets = logins.buckets.of(
    'clientId' in who
      ? { tenant: tenant.id, clientId: who.clientId, isGuessable, source }
      : { tenant: tenant.id, userId: user?.id ?? null, username: who.username, source },
  )
  const emptyAtMs = await store.readLoginFailures(buckets)
  return buckets.flatMap((bucket, index) => {
    const emptyAt = emptyAtMs[index] ?? 0
    if (hasRoom(bucket, emptyAt, now * 1000)) return []
    const at = Math.ceil(roomAtMs(bucket, emptyAt) / 1000)
    return [{ finding: 'blocked_until', at, who: bucket.user === null ? 'source' : of } as const]
  })
}

/** When one failure fits in again. */
function roomAtMs({ failureMs, capacityMs }: LoginBucket, emptyAtMs: number): number {
  return emptyAtMs + failureMs - capacityMs
}

/** When a request that came too early may be sent again. */
export function timeFindings({ refusal, policy, now }: Examined): readonly Finding[] {
  if (refusal.reason === 'surface_sunset' && policy.ending != null) {
    return [{ finding: 'sunset_at', at: policy.ending.sunset }]
  }
  return refusal.retryAfter === null ? [] : [{ finding: 'again_at', at: now + refusal.retryAfter }]
}

import { NOBODY } from '../crypto/bounded-queue.ts'
import type { Services } from '../endpoints/call.ts'
import { type InspectedToken, inspectToken } from '../endpoints/inspect.ts'
import { ineligibility } from '../grants/index.ts'
import type { Tenant } from '../protocol/policy.ts'
import { formatScope } from '../protocol/scope.ts'
import { epochSeconds } from '../protocol/time.ts'
import { BY_SERVER } from '../store/change-event.ts'
import type { TokenRow } from '../store/rows.ts'
import { tokenId } from '../store/token-id.ts'

/** A token somebody has, and the tenant it is of. */
export interface FoundToken {
  readonly tenant: Tenant
  readonly token: InspectedToken
}

/** Looks a token up without leaving a trace: nothing counts it as used. Null: nobody knows it. */
export async function findToken(
  text: string,
  tenants: readonly Tenant[],
  services: Services,
): Promise<FoundToken | null> {
  const now = epochSeconds(services.clock)
  for (const tenant of tenants) {
    const [policy] = tenant.surfaces.values()
    if (policy === undefined) continue
    const token = await inspectToken(text, {
      services,
      tenant,
      policy,
      now,
      ...NOBODY,
      by: BY_SERVER,
      trace: {},
    })
    if (token !== null) return { tenant, token }
  }
  return null
}

/** What the server knows about a token, secrets and hashes left out. */
export function describeToken({ tenant, token }: FoundToken) {
  const { row, user, policy } = token
  return {
    state: token.state,
    why: whyNot(token),
    kind: token.kind,
    format: token.jwtId === null ? ('opaque' as const) : ('jwt' as const),
    tenant: tenant.id,
    surface: policy.surface,
    client: token.clientId,
    user: token.userId,
    username: user?.username ?? null,
    scope: formatScope(token.scope),
    issuedAt: token.issuedAt,
    expiresAt: token.expiresAt,
    jwtId: token.jwtId,
    row: row === null ? null : describeRow(row),
  }
}

function describeRow(row: TokenRow) {
  return {
    id: tokenId(row.key),
    grant: row.grantType,
    family: tokenId(row.family ?? row.key),
    successor: row.successor === null ? null : tokenId(row.successor),
    hasRefreshToken: row.refreshHash !== null,
    refreshExpiresAt: row.refreshExpiresAt,
    familyExpiresAt: row.familyExpiresAt,
    spentAt: row.spentAt,
    supersededAt: row.supersededAt,
    revokedAt: row.revokedAt,
  }
}

/** Why a token is not live, in one of the words that logs use; null for one that is, or that has just expired. */
function whyNot({
  state,
  row,
  user,
  userId,
  client,
  clientId,
  issuedAt,
  kind,
  policy,
}: InspectedToken): string | null {
  if (state !== 'revoked') return null
  if (row !== null && row.revokedAt !== null) return 'revoked'
  if (row !== null && row.supersededAt !== null && kind === 'access') return 'superseded'
  if (row !== null && row.spentAt !== null && kind === 'refresh') return 'spent'
  return ineligibility({ user, userId, client, clientId, issuedAt }, policy) ?? 'revoked'
}

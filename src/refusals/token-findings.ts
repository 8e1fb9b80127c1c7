import { tokenKeyOf } from '../crypto/opaque-token.ts'
import { unverifiedClaims } from '../crypto/unverified-claims.ts'
import { findPresentedToken } from '../endpoints/presented-token.ts'
import type { PresentedToken } from '../grants/index.ts'
import { isPlaceholder, tokenLook } from '../protocol/token-look.ts'
import { refreshEnd } from '../store/ends.ts'
import type { Finding } from '../store/findings.ts'
import type { TokenRow } from '../store/rows.ts'
import { tokenId } from '../store/token-id.ts'
import { claimedTimes } from './claimed-times.ts'
import type { Examined } from './examined.ts'
import { meantTexts } from './text-mistakes.ts'

/** Why a token was not good. Of one of another tenant only that there is one. */
export async function tokenFindings(examined: Examined): Promise<readonly Finding[]> {
  const { refusal, token, user, client, request } = examined
  const proof = proofFindings(examined)
  if (proof.length > 0) return proof
  if (token === null) return []
  switch (refusal.reason) {
    case 'revoked_for_user':
      return user === null ? [] : [{ finding: 'tokens_ended', of: 'user', at: user.tokensValidAfter }]
    case 'revoked_for_client':
      return client === null ? [] : [{ finding: 'tokens_ended', of: 'client', at: client.tokensValidAfter }]
    case 'unknown_refresh_token':
    case 'upstream_refused':
    case 'unknown_token':
    case 'bearer_not_accepted':
      return await strangeFindings(token, examined)
    default: {
      const isAboutToken = request?.grantType === 'refresh_token' || TOLD.has(refusal.reason)
      const found = isAboutToken
        ? await findPresentedToken(token, examined.tenant.id, examined.services.store)
        : null
      return found === null ? [] : await rowFindings(found, examined)
    }
  }
}

const TOLD: ReadonlySet<string> = new Set(['token_expired', 'token_revoked', 'token_of_another_client'])

async function rowFindings(found: PresentedToken, examined: Examined): Promise<readonly Finding[]> {
  const { row, kind } = found
  switch (examined.refusal.reason) {
    case 'refresh_token_expired':
    case 'token_expired': {
      const at = kind === 'refresh' ? refreshEnd(row) : row.accessExpiresAt
      return at === null ? [] : [{ finding: 'token_expired', at }, tokenOf(found)]
    }
    case 'refresh_token_revoked':
    case 'token_revoked': {
      const at = row.revokedAt ?? row.supersededAt
      return [
        ...(at === null ? [] : [{ finding: 'token_revoked', at } as const]),
        ...(await replacedFindings(row, examined)),
        tokenOf(found),
      ]
    }
    case 'refresh_token_reused':
    case 'replay_with_another_key':
    case 'successor_of_another_rotation_key':
      return [...(await replacedFindings(row, examined)), tokenOf(found)]
    case 'access_token_as_refresh_token':
    case 'refresh_token_of_another_surface':
    case 'refresh_token_of_another_client':
    case 'refresh_token_of_another_key':
    case 'token_of_another_client':
      return [tokenOf(found)]
    default:
      return []
  }
}

async function replacedFindings(row: TokenRow, { policy, services }: Examined): Promise<readonly Finding[]> {
  const { spentAt, successor: key, supersededAt } = row
  if (spentAt === null) return []
  const successor = key === null ? null : await services.store.findToken(key)
  return [
    {
      ...{ finding: 'token_replaced', at: spentAt, successor: key === null ? null : tokenId(key) },
      window: policy.reuseWindow,
      ...(successor?.spentAt != null && { successorSpentAt: successor.spentAt }),
      ...(supersededAt !== null && { successorSeenAt: supersededAt }),
    },
  ]
}

function tokenOf({ row: { surface, clientId, issuedAt }, kind }: PresentedToken): Finding {
  return { finding: 'token_of', kind, surface, client: clientId, issuedAt }
}

/** Of a token that the endpoint does not know, or not as what it was sent as. */
async function strangeFindings(text: string, examined: Examined): Promise<readonly Finding[]> {
  const { services, tenant, policy } = examined
  const { store } = services
  if (isPlaceholder(text)) return [{ finding: 'token_kind', kind: 'placeholder' }]
  for (const { mistake, text: meant } of meantTexts(text)) {
    const found = await findPresentedToken(meant, tenant.id, store)
    if (found?.row.tenant === tenant.id) return [{ finding: 'token_kind', kind: mistake }]
  }
  switch (tokenLook(text)) {
    case 'Bearer and more':
      return [{ finding: 'token_kind', kind: 'bearer_prefix' }]
    case 'client secret':
      return [{ finding: 'token_kind', kind: 'client_secret' }]
    case 'JWT':
      return [
        { finding: 'token_kind', kind: BEARERS.has(examined.refusal.reason) ? 'bearer_JWT' : 'JWT' },
        ...issuerFindings(text, examined),
      ]
    case 'opaque token':
      break
    default:
      return []
  }
  const found = await findPresentedToken(text, tenant.id, store)
  if (found !== null) return [found.row.tenant === tenant.id ? tokenOf(found) : ELSEWHERE]
  const cut: readonly Finding[] =
    text.length < policy.tokenLength
      ? [{ finding: 'token_cut', length: text.length, expected: policy.tokenLength }]
      : []
  const key = tokenKeyOf(text)
  const row = key === null ? null : await store.findToken(key)
  return row?.tenant === tenant.id ? [{ finding: 'token_altered', issuedAt: row.issuedAt }, ...cut] : cut
}

/** Of a bearer token, and no refresh token. */
const BEARERS: ReadonlySet<string> = new Set(['unknown_token', 'bearer_not_accepted'])

const ELSEWHERE: Finding = { finding: 'token_elsewhere' }

/** What a JWT says of itself, whoever has signed it: it is good for nothing but this. */
function issuerFindings(text: string, { tenant, tenants, policy, now }: Examined): readonly Finding[] {
  const claims = unverifiedClaims(text)
  if (claims === null) return []
  const { iss, exp } = claims
  const issues = (one: typeof tenant) => [...one.surfaces.values()].some(({ issuer }) => issuer === iss)
  const issuer =
    iss === policy.issuer
      ? 'this_surface'
      : issues(tenant)
        ? 'another_surface'
        : tenants.some(issues)
          ? 'another_tenant'
          : 'elsewhere'
  const isOver = typeof exp === 'number' && exp > 0 && exp <= now
  return [
    { finding: 'token_issuer', issuer },
    ...(isOver ? [{ finding: 'token_expired', at: Math.floor(exp) } as const] : []),
  ]
}

/** Of a DPoP proof: the times it has, or the URL it should have. */
function proofFindings({ refusal, request, policy, now }: Examined): readonly Finding[] {
  if (refusal.code !== 'invalid_dpop_proof' || request?.dpopProof == null) return []
  const claims = unverifiedClaims(request.dpopProof.reveal())
  switch (refusal.reason) {
    case 'dpop_proof_expired':
    case 'dpop_proof_from_the_future':
      return claims === null ? [] : [claimedTimes('proof', claims, now)]
    case 'dpop_proof_url':
      return [{ finding: 'expected_values', claim: 'htu', values: [...(policy.proofUrls ?? [])] }]
    default:
      return []
  }
}

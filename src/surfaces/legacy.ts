import { deprecationHeaders } from '../protocol/deprecation.ts'
import { endingOf } from '../protocol/ending.ts'
import type { SurfacePolicy, SurfaceSettings, UpstreamPolicy } from '../protocol/policy.ts'
import type { EpochSeconds } from '../protocol/time.ts'
import { isOn, type TenantIdentity } from './surface.ts'

/** What a legacy surface says of itself, where its settings say nothing. */
export interface Legacy {
  /** Since when it is deprecated; null: it is not, and says nothing. */
  readonly since: EpochSeconds | null
  /** A page for those who have to move; null: none is known. */
  readonly migrationGuide: string | null
  /** The endpoint that takes its place; null: none is on. */
  readonly successor: string | null
}

/**
 * The policy of a surface that is going to end: with the headers that announce it, made once, with when it issues no
 * tokens, and with the server that it is moved from. Throws a RangeError for a sunset before the deprecation, so that such a configuration never gets to work.
 */
export function withEnding(policy: SurfacePolicy, settings: SurfaceSettings, legacy: Legacy): SurfacePolicy {
  const { sunset = null, sunsetPolicy, brownOuts = [] } = settings
  const { since, successor } = legacy
  const guide = settings.migrationGuide ?? legacy.migrationGuide
  const ending = endingOf(sunset, brownOuts)
  const upstream = settings.upstream === undefined ? null : { ...UPSTREAM, ...settings.upstream }
  if (since === null) return { ...policy, ending, upstream }
  const headers = deprecationHeaders({
    since,
    sunset,
    links: [
      ...(guide === null ? [] : [{ href: guide, rel: 'deprecation', type: 'text/html' }]),
      ...(successor === null ? [] : [{ href: successor, rel: 'successor-version' }]),
      ...(sunsetPolicy === undefined ? [] : [{ href: sunsetPolicy, rel: 'sunset' }]),
    ],
  })
  return { ...policy, headers, ending, upstream }
}

/** The surfaces that take the place of a legacy one. */
type Successor = 'standard' | 'realm'

/** Where a client gets its tokens instead: at the first of these surfaces that the tenant has on; null: it has none on. */
export function successorOf(tenant: TenantIdentity, surfaces: readonly Successor[]): string | null {
  const { origin } = new URL(tenant.issuer)
  switch (surfaces.find((surface) => isOn(surface, tenant))) {
    case 'standard':
      return `${origin}/oauth/token`
    case 'realm':
      return `${origin}/auth/realms/${tenant.id}/protocol/openid-connect/token`
    default:
      return null
  }
}

/** A server that is asked for all there is, and is given up on before those who wait have done so. */
const UPSTREAM: Omit<UpstreamPolicy, 'url'> = {
  users: true,
  tokens: true,
  timeoutSeconds: 5,
  concurrency: 32,
  failures: 5,
  pauseSeconds: 30,
}

import type { Services } from '../endpoints/call.ts'
import type { NotedRefusal } from '../http/noted-refusal.ts'
import type { TenantDirectory } from '../http/tenant.ts'
import type { ErrorCode } from '../protocol/errors.ts'
import { NO_CLIENT } from '../protocol/token.ts'
import { StoreUnavailable } from '../store/errors.ts'
import type { Refusal } from '../store/refusals.ts'
import type { Route, SurfaceRequest } from '../surfaces/index.ts'
import { undecodedPairs } from './body.ts'
import type { Examined } from './examined.ts'
import { endpointFindings } from './findings.ts'
import { type NamedHolders, namedHolders } from './named-holders.ts'
import { redactedRequest } from './redacted-request.ts'
import { requestFindings } from './request-findings.ts'
import { knownScopes } from './scope-findings.ts'

/** How long a database that can not be read is left alone. */
const PAUSE_MS = 5000

/** Finds out why a request was refused, and leaves out all that must not be kept. */
export function createExaminer(
  services: Pick<Services, 'store' | 'logins' | 'clock'>,
  directory: () => TenantDirectory | Promise<TenantDirectory>,
): (refused: NotedRefusal) => Promise<Refusal> {
  let downUntilMs = 0

  /** While the database can not be read there is less to tell, and a while is not tried again. */
  async function unlessDown<T>(look: () => Promise<T>): Promise<T | null> {
    if (services.clock() < downUntilMs) return null
    try {
      return await look()
    } catch (thrown) {
      if (!(thrown instanceof StoreUnavailable)) throw thrown
      downUntilMs = services.clock() + PAUSE_MS
      return null
    }
  }

  return async (refused) => {
    const tenants = await directory()
    const examined = await unlessDown(() => examinedOf(refused, tenants, services))
    const named = examined === null ? null : await unlessDown(() => holdersOf(refused, examined))
    const { client, user } = named ?? refused.entry
    const request = redactedRequest(refused, {
      client,
      user,
      scopes: examined === null ? new Set() : knownScopes(examined),
    })
    const found = examined === null ? null : await unlessDown(() => endpointFindings(examined))
    const { entry, refusal, atMs, source } = refused
    const { tenant, requestId, status, surface, endpoint, grant } = entry
    return {
      ...{ tenant, requestId, atMs, status, code: refusal.code, reason: refusal.reason },
      ...{ surface, endpoint, grant, client, user, source, request },
      findings: [...(found ?? []), ...requestFindings(refused, request, tenants)],
    }
  }
}

/** Those that were found; of who was refused before anybody looked, those that the request names. */
async function holdersOf(refused: NotedRefusal, examined: Examined): Promise<NamedHolders> {
  const { entry, refusal } = refused
  if (!BEFORE_LOOKING.has(refusal.code) || entry.client !== null || entry.user !== null) return entry
  return await namedHolders(refused, examined)
}

/** What is refused before anybody has looked for client and user. */
const BEFORE_LOOKING: ReadonlySet<ErrorCode> = new Set([
  'gone',
  'invalid_request',
  'malformed_body',
  'unsupported_grant_type',
])

/** Null: no endpoint of a tenant was asked. */
async function examinedOf(
  refused: NotedRefusal,
  directory: TenantDirectory,
  services: Pick<Services, 'store' | 'logins'>,
): Promise<Examined | null> {
  const { of: tenant, match, entry, refusal, atMs, source, request } = refused
  const policy = tenant?.surfaces.get(match.surface.name)
  if (tenant === null || policy === undefined || match.route === null) return null
  const { store } = services
  return {
    services,
    refusal,
    tenant,
    policy,
    tenants: directory.tenants,
    now: Math.floor(atMs / 1000),
    source,
    client: entry.client === null ? null : await store.findCurrentClient(tenant.id, entry.client),
    user: entry.user === null ? null : await store.findCurrentUser(tenant.id, entry.user),
    authorization: request.headers.get('authorization'),
    undecoded: undecodedPairs(refused.body ?? '', request.headers.get('content-type')),
    ...decodedAgain(match.route, refused),
  }
}

type Decoded = Pick<Examined, 'presented' | 'request' | 'token'>

const NOTHING: Decoded = { presented: null, request: null, token: null }

/** The request as the surface decoded it for the endpoint; it may have been refused right there. */
function decodedAgain(route: Route, { request, body }: NotedRefusal): Decoded {
  const asked: SurfaceRequest = { headers: request.headers, body: body ?? '' }
  try {
    switch (route.endpoint) {
      case 'token': {
        const decoded = route.decode(asked)
        const token = decoded.parameters.get('refresh_token') ?? null
        return { presented: decoded.client, request: decoded, token }
      }
      case 'revocation': {
        const decoded = route.decode(asked)
        return { presented: decoded.client, request: null, token: decoded.token }
      }
      case 'introspection': {
        const decoded = route.decode(asked)
        return { presented: decoded.client, request: null, token: decoded.bearer?.reveal() ?? null }
      }
      case 'info':
        return { ...NOTHING, presented: NO_CLIENT, token: route.decode(asked)?.reveal() ?? null }
      default:
        return NOTHING
    }
  } catch {
    return NOTHING
  }
}

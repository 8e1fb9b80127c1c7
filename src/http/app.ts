/**
 * The token plane: one request in, one answer out. Finds the route and the tenant, lets the surface decode, the
 * endpoint decide and the surface encode. Here is the only `catch`: whatever is thrown becomes the surface's error.
 */
import { noteRefusal } from '../endpoints/audit.ts'
import type { Call, Services, Trace } from '../endpoints/call.ts'
import { noteGrant, refusalOfEnded } from '../endpoints/ending.ts'
import { tokenInfo } from '../endpoints/info.ts'
import { introspect } from '../endpoints/introspect.ts'
import { toRefusal } from '../endpoints/refusal.ts'
import { revoke } from '../endpoints/revoke.ts'
import { requestToken } from '../endpoints/token.ts'
import { isRelayed, type Relayed } from '../endpoints/upstream.ts'
import type { UsageLedger } from '../endpoints/usage-ledger.ts'
import type { Log, RequestEntry } from '../log/log.ts'
import type { Metrics } from '../log/metrics.ts'
import { createSpans } from '../log/spans.ts'
import { OAuthError } from '../protocol/errors.ts'
import { type HttpRequest, type HttpResponse, pathOf, queryOf } from '../protocol/http.ts'
import { findCredentialInQuery } from '../protocol/parameters.ts'
import type { SurfacePolicy, Tenant, UpstreamPolicy } from '../protocol/policy.ts'
import { sourceOf } from '../protocol/source.ts'
import { epochSeconds } from '../protocol/time.ts'
import { UPSTREAM_HEADER } from '../protocol/upstream.ts'
import {
  FALLBACK_SURFACE,
  type Route,
  SURFACES,
  type SurfaceContext,
  type SurfaceRequest,
  type SurfaceRoute,
  type TokenRoute,
} from '../surfaces/index.ts'
import { bodyTooLarge } from './edges/body.ts'
import { type NotedRefusal, notedRefusal } from './noted-refusal.ts'
import { createRouter, type Match } from './router.ts'
import type { TenantDirectory } from './tenant.ts'

/** Where a request comes from and which host it was sent to, as far as the edge trusts what it was told. */
export interface Origin {
  readonly host: string | null
  /** The client's address; null if the edge does not know. */
  readonly source: string | null
}

export interface AppParts {
  readonly services: Services
  /** The tenants as of now. */
  readonly directory: () => TenantDirectory | Promise<TenantDirectory>
  readonly log: Log
  /** Counts and times requests. */
  readonly metrics?: Pick<Metrics, 'request'> | undefined
  /** Counts who asks for what. */
  readonly usage?: Pick<UsageLedger, 'note'> | undefined
  /** Finds out why requests were refused. */
  readonly refusals?: { note(refused: NotedRefusal): void } | undefined
}

export interface App {
  /** Never throws, never rejects. `cameAt` is when the head came, by `performance.now()`; by default now. */
  handle(request: HttpRequest, origin: Origin, cameAt?: number): Promise<HttpResponse>
  /** Whether a path is one of the server's, whatever the method. */
  knows(path: string): boolean
}

/** What is known of a request so far; for its answer's headers and its log line. */
interface Progress {
  readonly requestId: string
  readonly match: Match
  readonly trace: Trace
  tenant: Tenant | null
  /** As soon as an endpoint is about to be asked. */
  call: Call | null
  /** Null: it was not read. */
  body: string | null
}

export function createApp({ services, directory, log, metrics, usage, refusals }: AppParts): App {
  const route = createRouter(SURFACES, FALLBACK_SURFACE)
  const spans = createSpans()

  async function handle(
    request: HttpRequest,
    origin: Origin,
    cameAt = performance.now(),
  ): Promise<HttpResponse> {
    const progress: Progress = {
      requestId: requestId(request) ?? services.random.uuid(),
      match: route(request.method, pathOf(request.url)),
      trace: {},
      tenant: null,
      call: null,
      body: null,
    }
    const tracing = spans()
    const startSpan = tracing instanceof Promise ? await tracing : tracing
    const span = startSpan?.(request, progress.match.template) ?? null
    let refusal: OAuthError | null = null
    let response: HttpResponse
    try {
      response = await (span === null
        ? answer(request, origin, progress)
        : span.run(() => answer(request, origin, progress)))
    } catch (thrown) {
      refusal = toRefusal(thrown)
      noteRefused(refusal, progress)
      response = encodeError(refusal, request, progress)
    }
    response = withSurfaceHeaders(response, progress)
    const entry: RequestEntry = {
      requestId: progress.requestId,
      tenant: progress.tenant?.id ?? null,
      surface: progress.match.surface.name,
      endpoint: progress.match.route?.endpoint ?? null,
      grant: progress.trace.grant ?? null,
      client: progress.trace.client ?? null,
      user: progress.trace.user ?? null,
      source: origin.source,
      status: response.status,
      outcome: refusal?.code ?? 'ok',
      reason: refusal?.reason ?? null,
      note: progress.trace.note ?? null,
      durationMs: Math.round((performance.now() - cameAt) * 1000) / 1000,
      cause: refusal?.cause,
      traceId: span?.traceId,
    }
    log.request(entry)
    metrics?.request(entry)
    usage?.note(entry, progress.trace, request.headers.get('user-agent'))
    const refused = refusal ?? progress.trace.refused
    if (refused !== undefined) {
      refusals?.note(notedRefusal(progress, request, origin.host, refused, entry, services.clock()))
    }
    span?.end(entry)
    return response
  }

  async function answer(request: HttpRequest, origin: Origin, progress: Progress): Promise<HttpResponse> {
    const { match, trace } = progress
    const tenant = findTenant(match, origin, await directory())
    // Known before anything is refused: what a surface says with every answer depends on it.
    progress.tenant = tenant
    const route = requireRoute(match)
    if (tenant === null) {
      throw new OAuthError('not_found', match.tenant === null ? 'unknown_host' : 'unknown_realm')
    }
    // The keys are every surface's: newstore's JWTs need them where standard is off.
    if (route.endpoint === 'jwks') {
      refuseCredentialInQuery(request)
      return route.encode(await services.keys.jwks(tenant.id))
    }
    const policy = tenant.surfaces.get(match.surface.name)
    if (policy === undefined) throw new OAuthError('not_found', 'surface_off')
    // Whatever was issued can be looked at and revoked as long as it lives.
    if (route.endpoint === 'token') {
      const refusal = refusalOfEnded(policy, services.clock)
      if (refusal !== null) {
        await noteAsked(route, request, progress)
        throw refusal
      }
    }
    refuseCredentialInQuery(request)
    if (route.endpoint !== 'metadata') services.rate.takeOfTenant(tenant)
    const body = request.method === 'POST' ? await readBody(request, match.surface.bodyLimit) : ''
    progress.body = body
    const call: Call = {
      services,
      tenant,
      policy,
      now: epochSeconds(services.clock),
      // Few ask, and to read an IPv6 address takes a microsecond.
      source: () => sourceOf(origin.source),
      isGone: () => request.isGone?.() === true,
      upstream: upstreamOf(policy, request),
      by: { actor: 'requester', source: origin.source, requestId: progress.requestId },
      trace,
    }
    progress.call = call
    const context: SurfaceContext = { requestId: progress.requestId, tenant: tenant.id, policy }
    return await dispatch(route, { headers: request.headers, body }, call, context)
  }

  /** Reads a request whose answer is there whatever was sent, for those who want to know who asks still. */
  async function noteAsked({ decode }: TokenRoute, request: HttpRequest, progress: Progress): Promise<void> {
    const body = await readBody(request, progress.match.surface.bodyLimit).catch(() => null)
    progress.body = body
    if (body !== null) noteGrant(() => decode({ headers: request.headers, body }), progress.trace)
  }

  /** The realm surface names the tenant in its path, the others by the host. */
  function findTenant(match: Match, origin: Origin, tenants: TenantDirectory): Tenant | null {
    return match.tenant === null ? tenants.byHost(origin.host) : tenants.byId(match.tenant)
  }

  return {
    handle,
    knows(path) {
      const match = route('', path)
      return match.route !== null || match.allow.length > 0
    },
  }
}

function requireRoute(match: Match): Route {
  if (match.route !== null) return match.route
  if (match.allow.length > 0) throw new OAuthError('method_not_allowed', 'method', { allow: match.allow })
  throw new OAuthError('not_found', 'unknown_path')
}

function dispatch(
  route: SurfaceRoute,
  request: SurfaceRequest,
  call: Call,
  context: SurfaceContext,
): HttpResponse | Promise<HttpResponse> {
  switch (route.endpoint) {
    case 'token':
      return ask(requestToken, route, request, call, context)
    case 'introspection':
      return ask(introspect, route, request, call, context)
    case 'revocation':
      return ask(revoke, route, request, call, context)
    case 'info':
      return ask(tokenInfo, route, request, call, context)
    case 'metadata':
      return route.encode(context)
  }
}

/** A route of one endpoint: how its surface says what is asked there, and what is answered. */
interface AskingRoute<Question, Answer> {
  readonly decode: (request: SurfaceRequest) => Question
  readonly encode: (answer: Answer, context: SurfaceContext) => HttpResponse
}

/** What an endpoint answers, in the words of the surface, unless it is relayed. */
async function ask<Question, Answer>(
  endpoint: (question: Question, call: Call) => Promise<Answer | Relayed>,
  route: AskingRoute<Question, Answer>,
  request: SurfaceRequest,
  call: Call,
  context: SurfaceContext,
): Promise<HttpResponse> {
  const answer = await endpoint(route.decode(request), call)
  return isRelayed(answer) ? answer.response : route.encode(answer, context)
}

/** None for who asks on behalf of another Mintkeeper: two that are each other's upstream would ask for ever. */
function upstreamOf({ upstream = null }: SurfacePolicy, { headers }: HttpRequest): UpstreamPolicy | null {
  return upstream === null || headers.get(UPSTREAM_HEADER) !== null ? null : upstream
}

/** Whatever it is for: it may be in logs by now, so whoever sent it had better notice. */
function refuseCredentialInQuery(request: HttpRequest): void {
  const credential = findCredentialInQuery(queryOf(request.url))
  if (credential === null) return
  throw new OAuthError('credential_in_query', `${credential}_in_query`, { parameter: credential })
}

function noteRefused(refusal: OAuthError, { call, match }: Progress): void {
  if (call !== null && match.route !== null) noteRefusal(refusal, match.route.endpoint, call)
}

async function readBody(request: HttpRequest, limit: number): Promise<string> {
  const announced = Number(request.headers.get('content-length') ?? 0)
  if (announced > limit) throw bodyTooLarge()
  const text = await request.text()
  // A UTF-16 unit is one to three bytes of UTF-8: most bodies need no counting.
  if (text.length * 3 > limit && new TextEncoder().encode(text).length > limit) throw bodyTooLarge()
  return text
}

function encodeError(error: OAuthError, request: HttpRequest, progress: Progress): HttpResponse {
  const { surface, route } = progress.match
  return surface.encodeError(error, {
    requestId: progress.requestId,
    policy: progress.tenant?.surfaces.get(surface.name) ?? null,
    endpoint: route?.endpoint ?? null,
    accept: request.headers.get('accept'),
  })
}

function withSurfaceHeaders(response: HttpResponse, progress: Progress): HttpResponse {
  const { surface } = progress.match
  const policy = progress.tenant?.surfaces.get(surface.name) ?? null
  const headers = surface.headers({ requestId: progress.requestId, policy })
  return { status: response.status, headers: { ...response.headers, ...headers }, body: response.body }
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/** An id the client brought, if it is a UUID; anything else could be an attack on the log. */
function requestId(request: HttpRequest): string | null {
  const brought =
    request.headers.get('x-newstore-request-id') ??
    request.headers.get('x-request-id') ??
    request.headers.get('request-id')
  return brought !== null && UUID.test(brought) ? brought.toLowerCase() : null
}

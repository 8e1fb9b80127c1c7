import {
  type Context,
  context,
  isSpanContextValid,
  ProxyTracerProvider,
  propagation,
  SpanKind,
  SpanStatusCode,
  type TextMapGetter,
  trace,
} from '@opentelemetry/api'
import type { HttpRequest } from '../protocol/http.ts'
import type { RequestEntry } from './log.ts'
import type { StartSpan } from './spans.ts'

/** RFC 9110 §9, RFC 5789. Any other word may be a client's invention, and would make a name of its own. */
const METHODS: ReadonlySet<string> = new Set([
  ...['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', 'PATCH'],
])

const headersOf: TextMapGetter<HttpRequest['headers']> = {
  get: (headers, name) => headers.get(name) ?? undefined,
  // Propagators that look for headers by a prefix find none.
  keys: () => [],
}

/**
 * Spans for whatever OpenTelemetry SDK the process has registered. A span says what the request's
 * log line says of surface, tenant, grant and outcome, and nothing that came with the request: its path is the
 * template of the route, since a path that was sent may hold anything.
 */
export function createStartSpan(): StartSpan {
  const tracer = trace.getTracer('mintkeeper')
  return ({ method: sent, headers }, route) => {
    if (!isTraced()) return null
    const active = context.active()
    // A host that traces has seen the request before, and read its headers.
    const inHost = trace.getSpan(active) !== undefined
    const parent = inHost ? active : propagation.extract(active, headers, headersOf)
    const method = METHODS.has(sent) ? sent : '_OTHER'
    const verb = method === '_OTHER' ? 'HTTP' : method
    const span = tracer.startSpan(
      route === null ? verb : `${verb} ${route}`,
      {
        kind: inHost ? SpanKind.INTERNAL : SpanKind.SERVER,
        attributes: {
          'http.request.method': method,
          ...(route !== null && { 'http.route': route, 'url.path': route }),
        },
      },
      parent,
    )
    const spanContext = span.spanContext()
    if (!isSpanContextValid(spanContext)) return null
    const within: Context = trace.setSpan(parent, span)
    return {
      traceId: spanContext.traceId,
      run: (work) => context.with(within, work),
      end(entry) {
        span.setAttributes(attributesOf(entry))
        // A refusal is the client's affair: OpenTelemetry's conventions leave the status of such a span unset.
        if (entry.status >= 500) span.setStatus({ code: SpanStatusCode.ERROR })
        span.end()
      },
    }
  }
}

/** Spans that nobody sees are cheap, but not as cheap as none. */
function isTraced(): boolean {
  const provider = trace.getTracerProvider()
  return !(provider instanceof ProxyTracerProvider) || provider.getDelegateTracer('mintkeeper') !== undefined
}

function attributesOf(entry: RequestEntry): Record<string, string | number> {
  return {
    'http.response.status_code': entry.status,
    'mintkeeper.request_id': entry.requestId,
    'mintkeeper.surface': entry.surface,
    'mintkeeper.outcome': entry.outcome,
    ...(entry.tenant !== null && { 'mintkeeper.tenant': entry.tenant }),
    ...(entry.endpoint !== null && { 'mintkeeper.endpoint': entry.endpoint }),
    ...(entry.grant !== null && { 'mintkeeper.grant_type': entry.grant }),
    ...(entry.reason !== null && { 'mintkeeper.reason': entry.reason }),
    ...(entry.status >= 500 && { 'error.type': entry.outcome }),
  }
}

import type { MiddlewareHandler } from 'hono'
import type { AdminEnv, AdminOptions } from './environment.ts'

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i
/** Probes and scrapers ask every few seconds, and change nothing. */
const UNLOGGED: ReadonlySet<string> = new Set(['/healthz', '/readyz', '/metrics'])

/** What every answer has: an id, headers that keep it out of caches and other contexts, and a line in the log. */
export function answered({
  operations,
  log,
}: Pick<AdminOptions, 'operations' | 'log'>): MiddlewareHandler<AdminEnv> {
  return async (context, next) => {
    const startedAtMs = operations.clock()
    const brought = context.req.header('x-request-id') ?? ''
    // Anything but a UUID could be an attack on the log.
    const requestId = UUID.test(brought) ? brought.toLowerCase() : operations.random.uuid()
    context.set('requestId', requestId)
    await next()
    context.header('X-Request-Id', requestId)
    context.header('Cache-Control', 'no-store')
    context.header('X-Content-Type-Options', 'nosniff')
    if (UNLOGGED.has(context.req.path)) return
    log.info('admin request', {
      requestId,
      method: context.req.method,
      path: context.req.path,
      source: context.env?.incoming?.socket.remoteAddress ?? null,
      status: context.res.status,
      durationMs: operations.clock() - startedAtMs,
    })
  }
}

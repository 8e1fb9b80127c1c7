import type { MiddlewareHandler } from 'hono'
import type { Random } from '../crypto/random.ts'
import type { AdminEnv, AdminOptions } from './environment.ts'
import { PROBE_PATHS } from './probes.ts'

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i
/** Who asks every few seconds, and changes nothing. */
const UNLOGGED: ReadonlySet<string> = new Set(PROBE_PATHS)

/** The id that a request has brought along, else a new one. */
export function requestIdOf(brought: string | readonly string[] | undefined, random: Random): string {
  const text = String(brought)
  // Anything but a UUID could be an attack on the log.
  return UUID.test(text) ? text.toLowerCase() : random.uuid()
}

/** What every answer has. */
export function headersOf(requestId: string): Readonly<Record<string, string>> {
  return {
    'X-Request-Id': requestId,
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
  }
}

/** Who asks, and what every answer has: an id, headers that keep it out of caches and other contexts, a line in the log. */
export function answered({
  operations,
  log,
}: Pick<AdminOptions, 'operations' | 'log'>): MiddlewareHandler<AdminEnv> {
  return async (context, next) => {
    const startedAtMs = operations.clock()
    const requestId = requestIdOf(context.req.header('x-request-id'), operations.random)
    const source = context.env?.incoming?.socket.remoteAddress ?? null
    const by = { actor: 'admin', source, requestId } as const
    context.set('requestId', requestId)
    context.set('operations', { ...operations, by })
    await next()
    for (const [name, value] of Object.entries(headersOf(requestId))) context.header(name, value)
    if (UNLOGGED.has(context.req.path)) return
    log.info('admin request', {
      requestId,
      method: context.req.method,
      path: context.req.path,
      source,
      status: context.res.status,
      durationMs: operations.clock() - startedAtMs,
    })
  }
}

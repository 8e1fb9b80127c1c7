import { createRoute, type OpenAPIHono } from '@hono/zod-openapi'
import { HTTPException } from 'hono/http-exception'
import type { AdminEnv, RouteContext } from '../environment.ts'
import { health } from '../schemas.ts'
import { jsonContent, problemsOf } from './parts.ts'

const tags = ['Health']

const live = createRoute({
  method: 'get',
  path: '/healthz',
  tags,
  security: [],
  operationId: 'healthz',
  summary: 'Whether the process lives',
  responses: { 200: { description: 'It does', content: jsonContent(health) } },
})

const ready = createRoute({
  method: 'get',
  path: '/readyz',
  tags,
  security: [],
  operationId: 'readyz',
  summary: 'Whether the server can do its work',
  description: '503 if the database can not be read and written, and from the begin of the shutdown on.',
  responses: {
    ...problemsOf('unavailable'),
    200: { description: 'It can', content: jsonContent(health) },
  },
})

export const HEALTH_ROUTES = [live, ready]

export function addHealthRoutes(app: OpenAPIHono<AdminEnv>, { options }: RouteContext): void {
  app.openapi(live, (context) => context.json({ status: 'ok' } as const, 200))
  app.openapi(ready, async (context) => {
    if (!(await options.ready().catch(() => false))) throw new HTTPException(503)
    return context.json({ status: 'ok' } as const, 200)
  })
}

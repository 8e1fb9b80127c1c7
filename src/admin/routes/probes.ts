import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi'
import type { AdminEnv, RouteContext } from '../environment.ts'
import { createProbes, PROBE_PATHS } from '../probes.ts'
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

const metrics = createRoute({
  method: 'get',
  path: '/metrics',
  tags: ['Metrics'],
  security: [],
  operationId: 'metrics',
  summary: 'What this process did and does, for Prometheus',
  description: 'The text format 0.0.4. Tells of no tenant, client or user, and no secret.',
  responses: { 200: { description: 'The metrics', content: { 'text/plain': { schema: z.string() } } } },
})

export const PROBE_ROUTES = [live, ready, metrics]

export function addProbeRoutes(app: OpenAPIHono<AdminEnv>, { options }: RouteContext): void {
  const probes = createProbes(options)
  for (const path of PROBE_PATHS) {
    app.get(path, async (context) => {
      const { body, status, headers } = await probes[path](context.get('requestId'))
      return context.body(body, status, headers)
    })
  }
}

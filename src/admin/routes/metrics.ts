import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi'
import type { AdminEnv, RouteContext } from '../environment.ts'

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

export const METRICS_ROUTES = [metrics]

export function addMetricsRoutes(app: OpenAPIHono<AdminEnv>, { options }: RouteContext): void {
  const { contentType } = options.metrics
  app.openapi(metrics, async (context) =>
    context.text(await options.metrics.text(), 200, { 'Content-Type': contentType }),
  )
}

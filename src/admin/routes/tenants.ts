import { createRoute, type OpenAPIHono } from '@hono/zod-openapi'
import type { AdminEnv } from '../environment.ts'
import { listTenants } from '../operations/tenants.ts'
import { pageOf, tenantResource } from '../schemas.ts'
import { jsonContent, problemsOf } from './parts.ts'

const list = createRoute({
  method: 'get',
  path: '/admin/v1/tenants',
  tags: ['Tenants'],
  operationId: 'listTenants',
  summary: 'List tenants',
  description: 'All of them on one page. Tenants are made and changed by the configuration.',
  responses: {
    ...problemsOf('unauthorized', 'server_error', 'unavailable'),
    200: { description: 'The tenants', content: jsonContent(pageOf(tenantResource, 'TenantPage')) },
  },
})

export const TENANT_ROUTES = [list]

export function addTenantRoutes(app: OpenAPIHono<AdminEnv>): void {
  app.openapi(list, async (context) => {
    const { operations } = context.var
    return context.json({ items: (await listTenants(operations)).map(toJson), next: null }, 200)
  })
}

/** The settings of a surface are JSON already, which their types do not say. */
function toJson({ surfaces, ...tenant }: Awaited<ReturnType<typeof listTenants>>[number]) {
  const entries =
    surfaces === null ? null : Object.entries(surfaces).map(([name, settings]) => [name, { ...settings }])
  return { ...tenant, surfaces: entries === null ? null : Object.fromEntries(entries) }
}

import { createRoute, type OpenAPIHono } from '@hono/zod-openapi'
import type { AdminEnv, RouteContext } from '../environment.ts'
import { listRefusals, showRefusal } from '../operations/refusals.ts'
import { foundRefusal, refusalResource } from '../refusal-schemas.ts'
import { pageOf } from '../schemas.ts'
import { ALWAYS, jsonContent, name, pageQuery, tenantPath } from './parts.ts'

const tags = ['Refused requests']

const list = createRoute({
  method: 'get',
  path: '/admin/v1/tenants/{tenant}/refusals',
  tags,
  operationId: 'listRefusals',
  summary: 'List requests that were refused',
  description:
    'Newest first, each with why, as far as they are kept (`refusalRetentionDays`). Of many for the same reason from the same source only some are. One of the last second may be missing. Requests for a host that no tenant has are in no list: see `mintkeeper why --last`.',
  request: { params: tenantPath, query: pageQuery },
  responses: {
    ...ALWAYS,
    200: { description: 'A page of refusals', content: jsonContent(pageOf(refusalResource, 'RefusalPage')) },
  },
})

const show = createRoute({
  method: 'get',
  path: '/admin/v1/tenants/{tenant}/refusals/{requestId}',
  tags,
  operationId: 'showRefusal',
  summary: 'Say why a request was refused',
  description:
    'By the request id that its answer has: in `X-Request-Id`, on newstore in `X-Newstore-Request-Id` and `request_id`. The request is told without anything that may be a secret.',
  request: {
    params: tenantPath.extend({ requestId: name.describe('The request id: a UUID.') }),
  },
  responses: {
    ...ALWAYS,
    200: { description: 'The latest refusal with this request id', content: jsonContent(foundRefusal) },
  },
})

export const REFUSAL_ROUTES = [list, show]

export function addRefusalRoutes(app: OpenAPIHono<AdminEnv>, { cursors }: RouteContext): void {
  app.openapi(list, async (context) => {
    const { operations } = context.var
    const { tenant } = context.req.valid('param')
    const { cursor, limit } = context.req.valid('query')
    const named = ['refusals', tenant]
    const position = cursors.open(named, cursor)
    const page = { before: position === null ? null : Number(position), limit }
    const { items, next } = await listRefusals(operations, tenant, page)
    return context.json({ items, next: cursors.seal(named, next === null ? null : String(next)) }, 200)
  })
  app.openapi(show, async (context) => {
    const { operations } = context.var
    const { tenant, requestId } = context.req.valid('param')
    return context.json(await showRefusal(operations, tenant, requestId), 200)
  })
}

import { createRoute, type OpenAPIHono } from '@hono/zod-openapi'
import type { AdminEnv } from '../environment.ts'
import { brownOutInput, endBrownOut, listBrownOuts, startBrownOut } from '../operations/brown-outs.ts'
import { brownOutResource, pageOf } from '../schemas.ts'
import { ALWAYS, jsonBody, jsonContent, problemsOf, resourcePath, tenantPath, WITH_BODY } from './parts.ts'

const tags = ['Brown-outs']

const list = createRoute({
  method: 'get',
  path: '/admin/v1/tenants/{tenant}/brown-outs',
  tags,
  operationId: 'listBrownOuts',
  summary: 'List brown-outs',
  description:
    'All whose time is not over on one page, those of the configuration too, in the order of their begins.',
  request: { params: tenantPath },
  responses: {
    ...ALWAYS,
    200: { description: 'The brown-outs', content: jsonContent(pageOf(brownOutResource, 'BrownOutPage')) },
  },
})

const start = createRoute({
  method: 'post',
  path: '/admin/v1/tenants/{tenant}/brown-outs',
  tags,
  operationId: 'startBrownOut',
  summary: 'Start a brown-out',
  description:
    'The surface answers 410 with `Retry-After` in place of tokens, from now or a later time on. Other nodes know within a second on PostgreSQL, within five on SQLite. No configuration that is applied ends it.',
  request: { params: tenantPath, body: jsonBody(brownOutInput, 'BrownOutInput') },
  responses: {
    ...WITH_BODY,
    ...problemsOf('conflict'),
    201: { description: 'The brown-out', content: jsonContent(brownOutResource) },
  },
})

const end = createRoute({
  method: 'post',
  path: '/admin/v1/tenants/{tenant}/brown-outs/{id}/end',
  tags,
  operationId: 'endBrownOut',
  summary: 'End a brown-out',
  description:
    'Before its time, or before it begins. One of the configuration, too, as long as its times there stay the same. To end it again changes nothing.',
  request: { params: resourcePath('brown-out') },
  responses: { ...ALWAYS, 200: { description: 'The brown-out', content: jsonContent(brownOutResource) } },
})

export const BROWN_OUT_ROUTES = [list, start, end]

export function addBrownOutRoutes(app: OpenAPIHono<AdminEnv>): void {
  app.openapi(list, async (context) => {
    const { operations } = context.var
    const { tenant } = context.req.valid('param')
    return context.json({ items: await listBrownOuts(operations, tenant), next: null }, 200)
  })
  app.openapi(start, async (context) => {
    const { operations } = context.var
    const { tenant } = context.req.valid('param')
    return context.json(await startBrownOut(operations, tenant, context.req.valid('json')), 201)
  })
  app.openapi(end, async (context) => {
    const { operations } = context.var
    const { tenant, id } = context.req.valid('param')
    return context.json(await endBrownOut(operations, tenant, id), 200)
  })
}

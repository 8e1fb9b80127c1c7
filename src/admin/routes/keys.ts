import { createRoute, type OpenAPIHono } from '@hono/zod-openapi'
import { SIGNING_ALGORITHMS } from '../../protocol/jwt.ts'
import type { AdminEnv, RouteContext } from '../environment.ts'
import { objectOf, oneOf } from '../operations/fields.ts'
import { toKeyResource } from '../operations/keys.ts'
import { requireTenant } from '../operations/require-tenant.ts'
import { keyResource, pageOf } from '../schemas.ts'
import { ALWAYS, jsonBody, jsonContent, tenantPath, WITH_BODY } from './parts.ts'

const tags = ['Signing keys']
const keyList = pageOf(keyResource, 'KeyPage')

const list = createRoute({
  method: 'get',
  path: '/admin/v1/tenants/{tenant}/keys',
  tags,
  operationId: 'listKeys',
  summary: 'List signing keys',
  description: 'All of them on one page. Private keys are never answered.',
  request: { params: tenantPath },
  responses: { ...ALWAYS, 200: { description: 'The keys', content: jsonContent(keyList) } },
})

const rotation = objectOf({
  algorithm: oneOf(SIGNING_ALGORITHMS).optional().describe("Default: the tenant's algorithm."),
})

const rotate = createRoute({
  method: 'post',
  path: '/admin/v1/tenants/{tenant}/keys/rotate',
  tags,
  operationId: 'rotateKeys',
  summary: 'Rotate the signing keys',
  description:
    'The announced key becomes the active one, the active one retires until the last token it signed has expired, and a new one is announced.',
  request: { params: tenantPath, body: jsonBody(rotation, 'KeyRotation') },
  responses: {
    ...WITH_BODY,
    200: { description: 'The keys as they are now', content: jsonContent(keyList) },
  },
})

export const KEY_ROUTES = [list, rotate]

export function addKeyRoutes(app: OpenAPIHono<AdminEnv>, { options }: RouteContext): void {
  const { operations, keys } = options

  app.openapi(list, async (context) => {
    const { tenant } = context.req.valid('param')
    await requireTenant(operations, tenant)
    return context.json({ items: (await keys.list(tenant)).map(toKeyResource), next: null }, 200)
  })
  app.openapi(rotate, async (context) => {
    const { tenant } = context.req.valid('param')
    const { signingAlgorithm } = await requireTenant(operations, tenant)
    const { algorithm = signingAlgorithm } = context.req.valid('json')
    return context.json({ items: (await keys.rotate(tenant, algorithm)).map(toKeyResource), next: null }, 200)
  })
}

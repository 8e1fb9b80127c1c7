import { createRoute, type OpenAPIHono } from '@hono/zod-openapi'
import { SIGNING_ALGORITHMS } from '../../protocol/jwt.ts'
import type { EpochSeconds } from '../../protocol/time.ts'
import type { AdminEnv, RouteContext } from '../environment.ts'
import { AdminError } from '../operations/admin-error.ts'
import { objectOf, oneOf, trueOrFalse } from '../operations/fields.ts'
import { toKeyResource } from '../operations/keys.ts'
import { requireTenant } from '../operations/require-tenant.ts'
import { keyResource, pageOf } from '../schemas.ts'
import { ALWAYS, jsonBody, jsonContent, name, problemsOf, tenantPath, WITH_BODY } from './parts.ts'

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
  force: trueOrFalse
    .default(false)
    .describe(
      'Rotate even if verifiers may not know the announced key yet: for an active key that must not sign any more.',
    ),
})

const rotate = createRoute({
  method: 'post',
  path: '/admin/v1/tenants/{tenant}/keys/rotate',
  tags,
  operationId: 'rotateKeys',
  summary: 'Rotate the signing keys',
  description:
    'The announced key becomes the active one, the active one retires until the last token it signed has expired, and a new one is announced. That one can be made active when every verifier has had the time to read it; before, the answer is 409 and says when.',
  request: { params: tenantPath, body: jsonBody(rotation, 'KeyRotation') },
  responses: {
    ...WITH_BODY,
    ...problemsOf('conflict'),
    200: { description: 'The keys as they are now', content: jsonContent(keyList) },
  },
})

const withdraw = createRoute({
  method: 'post',
  path: '/admin/v1/tenants/{tenant}/keys/{kid}/withdraw',
  tags,
  operationId: 'withdrawKey',
  summary: 'Withdraw a signing key',
  description:
    'For a key that leaked. It is taken away for good: no longer published, and what it signed is no longer active. Where it was the active one, the announced one takes its place, and a new one is announced. Refresh tokens stay good: they are not signed. To withdraw a key again changes nothing.',
  request: { params: tenantPath.extend({ kid: name.describe('The `kid`, percent-encoded.') }) },
  responses: { ...ALWAYS, 200: { description: 'The keys as they are now', content: jsonContent(keyList) } },
})

export const KEY_ROUTES = [list, rotate, withdraw]

export function addKeyRoutes(app: OpenAPIHono<AdminEnv>, { options }: RouteContext): void {
  const { keys } = options

  app.openapi(list, async (context) => {
    const { operations } = context.var
    const { tenant } = context.req.valid('param')
    await requireTenant(operations, tenant)
    return context.json({ items: (await keys.list(tenant)).map(toKeyResource), next: null }, 200)
  })
  app.openapi(rotate, async (context) => {
    const { operations } = context.var
    const { tenant } = context.req.valid('param')
    const { signingAlgorithm } = await requireTenant(operations, tenant)
    const { algorithm = signingAlgorithm, force } = context.req.valid('json')
    const rotation = await keys.rotate(tenant, algorithm, { force, by: operations.by })
    if (rotation.kind === 'too_early') throw tooEarly(rotation.possibleAt)
    return context.json({ items: rotation.keys.map(toKeyResource), next: null }, 200)
  })
  app.openapi(withdraw, async (context) => {
    const { operations } = context.var
    const { tenant, kid } = context.req.valid('param')
    await requireTenant(operations, tenant)
    const withdrawal = await keys.withdraw(tenant, kid, operations.by)
    if (withdrawal.kind === 'unknown_key') throw new AdminError('not_found', 'There is no key with this kid.')
    return context.json({ items: withdrawal.keys.map(toKeyResource), next: null }, 200)
  })
}

function tooEarly(possibleAt: EpochSeconds): AdminError {
  const time = new Date(possibleAt * 1000).toISOString().replace('.000', '')
  return new AdminError(
    'conflict',
    `The announced key is so new that verifiers may not know it yet. Rotate from ${time} on, or set force.`,
  )
}

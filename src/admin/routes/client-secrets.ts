import { createRoute, type OpenAPIHono } from '@hono/zod-openapi'
import { entityTag, expectationOf } from '../entity-tag.ts'
import type { AdminEnv, RouteContext } from '../environment.ts'
import { clientSecretInput } from '../operations/client-input.ts'
import { addClientSecret, removeClientSecret } from '../operations/client-secrets.ts'
import { createdClientSecret } from '../schemas.ts'
import {
  ALWAYS,
  etagHeader,
  ifMatch,
  jsonBody,
  jsonContent,
  name,
  problemsOf,
  resourcePath,
  WITH_BODY,
} from './parts.ts'

const tags = ['Clients']
const path = '/admin/v1/tenants/{tenant}/clients/{id}/secrets'
const params = resourcePath('client')
const changes = problemsOf('conflict', 'precondition_failed')

const add = createRoute({
  method: 'post',
  path,
  tags,
  operationId: 'addClientSecret',
  summary: 'Add or rotate a secret',
  description:
    'Adds a secret beside the others. To rotate, give `othersExpireIn`: the others end then, and until then both are good. A secret that is made is answered this once.',
  request: { params, headers: ifMatch, body: jsonBody(clientSecretInput, 'ClientSecretInput') },
  responses: {
    ...WITH_BODY,
    ...changes,
    201: {
      description: 'The new secret; the `ETag` is that of the client',
      headers: etagHeader,
      content: jsonContent(createdClientSecret),
    },
  },
})

const remove = createRoute({
  method: 'delete',
  path: `${path}/{secret}`,
  tags,
  operationId: 'removeClientSecret',
  summary: 'Remove a secret',
  description: 'It is refused from now on. Tokens stay as they are.',
  request: { params: params.extend({ secret: name.describe('The id of the secret.') }), headers: ifMatch },
  responses: {
    ...ALWAYS,
    ...changes,
    204: { description: 'Removed; the `ETag` is that of the client', headers: etagHeader },
  },
})

export const CLIENT_SECRET_ROUTES = [add, remove]

export function addClientSecretRoutes(app: OpenAPIHono<AdminEnv>, { options }: RouteContext): void {
  const { operations } = options

  app.openapi(add, async (context) => {
    const { tenant, id } = context.req.valid('param')
    const expectation = expectationOf(context.req.valid('header')['if-match'])
    const { client, added, secret } = await addClientSecret(
      operations,
      tenant,
      id,
      context.req.valid('json'),
      expectation,
    )
    return context.json({ ...added, secret: secret?.reveal() ?? null }, 201, {
      ETag: entityTag(client.version),
    })
  })
  app.openapi(remove, async (context) => {
    const { tenant, id, secret } = context.req.valid('param')
    const expectation = expectationOf(context.req.valid('header')['if-match'])
    const client = await removeClientSecret(operations, tenant, id, secret, expectation)
    return context.body(null, 204, { ETag: entityTag(client.version) })
  })
}

import { createRoute, type OpenAPIHono } from '@hono/zod-openapi'
import { entityTag, expectationOf } from '../entity-tag.ts'
import type { AdminEnv } from '../environment.ts'
import { clientSecretInput, clientSecretPatch } from '../operations/client-input.ts'
import { addClientSecret, changeClientSecret, removeClientSecret } from '../operations/client-secrets.ts'
import { clientSecretResource, createdClientSecret } from '../schemas.ts'
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
const one = params.extend({ secret: name.describe('The id of the secret.') })
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

const change = createRoute({
  method: 'patch',
  path: `${path}/{secret}`,
  tags,
  operationId: 'changeClientSecret',
  summary: 'Mute a secret',
  description:
    'A muted secret works as ever, but each use of it is told: the log has the note `muted secret`, and `mintkeeper_muted_secret_uses_total` counts. Mute a secret before you remove it, to see who has it still.',
  request: { params: one, headers: ifMatch, body: jsonBody(clientSecretPatch, 'ClientSecretPatch') },
  responses: {
    ...WITH_BODY,
    ...changes,
    200: {
      description: 'The secret as it is now; the `ETag` is that of the client',
      headers: etagHeader,
      content: jsonContent(clientSecretResource),
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
  request: { params: one, headers: ifMatch },
  responses: {
    ...ALWAYS,
    ...changes,
    204: { description: 'Removed; the `ETag` is that of the client', headers: etagHeader },
  },
})

export const CLIENT_SECRET_ROUTES = [add, change, remove]

export function addClientSecretRoutes(app: OpenAPIHono<AdminEnv>): void {
  app.openapi(add, async (context) => {
    const { operations } = context.var
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
  app.openapi(change, async (context) => {
    const { operations } = context.var
    const { tenant, id, secret } = context.req.valid('param')
    const expectation = expectationOf(context.req.valid('header')['if-match'])
    const patch = context.req.valid('json')
    const { client, changed } = await changeClientSecret(operations, tenant, id, secret, patch, expectation)
    return context.json(changed, 200, { ETag: entityTag(client.version) })
  })
  app.openapi(remove, async (context) => {
    const { operations } = context.var
    const { tenant, id, secret } = context.req.valid('param')
    const expectation = expectationOf(context.req.valid('header')['if-match'])
    const client = await removeClientSecret(operations, tenant, id, secret, expectation)
    return context.body(null, 204, { ETag: entityTag(client.version) })
  })
}

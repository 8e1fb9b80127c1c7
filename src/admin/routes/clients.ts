import { createRoute, type OpenAPIHono } from '@hono/zod-openapi'
import { entityTag, expectationOf } from '../entity-tag.ts'
import type { AdminEnv, RouteContext } from '../environment.ts'
import { clientInput, clientPatch } from '../operations/client-input.ts'
import { createClient, deleteClient, listClients, showClient, updateClient } from '../operations/clients.ts'
import { clientResource, createdClient, pageOf } from '../schemas.ts'
import {
  ALWAYS,
  createdHeaders,
  etagHeader,
  ifMatch,
  jsonBody,
  jsonContent,
  pageQuery,
  problemsOf,
  resourcePath,
  tenantPath,
  WITH_BODY,
} from './parts.ts'

const tags = ['Clients']
const path = '/admin/v1/tenants/{tenant}/clients'
const onePath = `${path}/{id}` as const
const params = resourcePath('client')
const changes = problemsOf('conflict', 'precondition_failed')

const list = createRoute({
  method: 'get',
  path,
  tags,
  operationId: 'listClients',
  summary: 'List clients',
  description: 'In the order of their ids.',
  request: { params: tenantPath, query: pageQuery },
  responses: {
    ...ALWAYS,
    200: { description: 'A page of clients', content: jsonContent(pageOf(clientResource, 'ClientPage')) },
  },
})

const create = createRoute({
  method: 'post',
  path,
  tags,
  operationId: 'createClient',
  summary: 'Create a client',
  description: 'A confidential client that is given no secret gets one, which is answered this once.',
  request: { params: tenantPath, body: jsonBody(clientInput, 'ClientInput') },
  responses: {
    ...WITH_BODY,
    ...problemsOf('conflict'),
    201: { description: 'The client', headers: createdHeaders, content: jsonContent(createdClient) },
  },
})

const show = createRoute({
  method: 'get',
  path: onePath,
  tags,
  operationId: 'showClient',
  summary: 'Show a client',
  request: { params },
  responses: {
    ...ALWAYS,
    200: { description: 'The client', headers: etagHeader, content: jsonContent(clientResource) },
  },
})

const update = createRoute({
  method: 'patch',
  path: onePath,
  tags,
  operationId: 'updateClient',
  summary: 'Change a client',
  description:
    'What is absent stays; lists and `claims` are replaced as a whole. The rules hold for the client as it will be: to make a client public, remove its secrets first. Disabling ends all tokens issued until now, for good.',
  request: { params, headers: ifMatch, body: jsonBody(clientPatch, 'ClientPatch') },
  responses: {
    ...WITH_BODY,
    ...changes,
    200: {
      description: 'The client as it is now',
      headers: etagHeader,
      content: jsonContent(clientResource),
    },
  },
})

const remove = createRoute({
  method: 'delete',
  path: onePath,
  tags,
  operationId: 'deleteClient',
  summary: 'Delete a client',
  description: "The client's tokens are dead with it, also if a client of this id is created again.",
  request: { params, headers: ifMatch },
  responses: { ...ALWAYS, ...changes, 204: { description: 'Deleted' } },
})

export const CLIENT_ROUTES = [list, create, show, update, remove]

export function addClientRoutes(app: OpenAPIHono<AdminEnv>, { cursors }: RouteContext): void {
  app.openapi(list, async (context) => {
    const { operations } = context.var
    const { tenant } = context.req.valid('param')
    const { cursor, limit } = context.req.valid('query')
    const name = ['clients', tenant]
    const { items, next } = await listClients(operations, tenant, {
      after: cursors.open(name, cursor),
      limit,
    })
    return context.json({ items, next: cursors.seal(name, next) }, 200)
  })
  app.openapi(create, async (context) => {
    const { operations } = context.var
    const { tenant } = context.req.valid('param')
    const { client, secret } = await createClient(operations, tenant, context.req.valid('json'))
    return context.json({ ...client, secret: secret?.reveal() ?? null }, 201, {
      ETag: entityTag(client.version),
      Location: `/admin/v1/tenants/${encodeURIComponent(tenant)}/clients/${encodeURIComponent(client.id)}`,
    })
  })
  app.openapi(show, async (context) => {
    const { operations } = context.var
    const { tenant, id } = context.req.valid('param')
    const client = await showClient(operations, tenant, id)
    return context.json(client, 200, { ETag: entityTag(client.version) })
  })
  app.openapi(update, async (context) => {
    const { operations } = context.var
    const { tenant, id } = context.req.valid('param')
    const expectation = expectationOf(context.req.valid('header')['if-match'])
    const client = await updateClient(operations, tenant, id, context.req.valid('json'), expectation)
    return context.json(client, 200, { ETag: entityTag(client.version) })
  })
  app.openapi(remove, async (context) => {
    const { operations } = context.var
    const { tenant, id } = context.req.valid('param')
    await deleteClient(operations, tenant, id, expectationOf(context.req.valid('header')['if-match']))
    return context.body(null, 204)
  })
}

import { createRoute, type OpenAPIHono } from '@hono/zod-openapi'
import { entityTag, expectationOf } from '../entity-tag.ts'
import type { AdminEnv, RouteContext } from '../environment.ts'
import { userInput, userPatch } from '../operations/user-input.ts'
import { createUser, deleteUser, listUsers, showUser, updateUser } from '../operations/users.ts'
import { pageOf, userResource } from '../schemas.ts'
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

const tags = ['Users']
const path = '/admin/v1/tenants/{tenant}/users'
const onePath = `${path}/{id}` as const
const params = resourcePath('user')
const changes = problemsOf('conflict', 'precondition_failed')

const list = createRoute({
  method: 'get',
  path,
  tags,
  operationId: 'listUsers',
  summary: 'List users',
  description: 'In the order of their ids.',
  request: { params: tenantPath, query: pageQuery },
  responses: {
    ...ALWAYS,
    200: { description: 'A page of users', content: jsonContent(pageOf(userResource, 'UserPage')) },
  },
})

const create = createRoute({
  method: 'post',
  path,
  tags,
  operationId: 'createUser',
  summary: 'Create a user',
  request: { params: tenantPath, body: jsonBody(userInput, 'UserInput') },
  responses: {
    ...WITH_BODY,
    ...problemsOf('conflict'),
    201: { description: 'The user', headers: createdHeaders, content: jsonContent(userResource) },
  },
})

const show = createRoute({
  method: 'get',
  path: onePath,
  tags,
  operationId: 'showUser',
  summary: 'Show a user',
  request: { params },
  responses: {
    ...ALWAYS,
    200: { description: 'The user', headers: etagHeader, content: jsonContent(userResource) },
  },
})

const update = createRoute({
  method: 'patch',
  path: onePath,
  tags,
  operationId: 'updateUser',
  summary: 'Change a user',
  description:
    'What is absent stays; lists and `claims` are replaced as a whole. A new password and disabling end all tokens issued until now, for good.',
  request: { params, headers: ifMatch, body: jsonBody(userPatch, 'UserPatch') },
  responses: {
    ...WITH_BODY,
    ...changes,
    200: { description: 'The user as it is now', headers: etagHeader, content: jsonContent(userResource) },
  },
})

const remove = createRoute({
  method: 'delete',
  path: onePath,
  tags,
  operationId: 'deleteUser',
  summary: 'Delete a user',
  description: "The user's tokens are dead with it. The id is given to nobody again.",
  request: { params, headers: ifMatch },
  responses: { ...ALWAYS, ...changes, 204: { description: 'Deleted' } },
})

export const USER_ROUTES = [list, create, show, update, remove]

export function addUserRoutes(app: OpenAPIHono<AdminEnv>, { cursors }: RouteContext): void {
  app.openapi(list, async (context) => {
    const { operations } = context.var
    const { tenant } = context.req.valid('param')
    const { cursor, limit } = context.req.valid('query')
    const name = ['users', tenant]
    const { items, next } = await listUsers(operations, tenant, { after: cursors.open(name, cursor), limit })
    return context.json({ items, next: cursors.seal(name, next) }, 200)
  })
  app.openapi(create, async (context) => {
    const { operations } = context.var
    const { tenant } = context.req.valid('param')
    const user = await createUser(operations, tenant, context.req.valid('json'))
    return context.json(user, 201, {
      ETag: entityTag(user.version),
      Location: `/admin/v1/tenants/${encodeURIComponent(tenant)}/users/${encodeURIComponent(user.id)}`,
    })
  })
  app.openapi(show, async (context) => {
    const { operations } = context.var
    const { tenant, id } = context.req.valid('param')
    const user = await showUser(operations, tenant, id)
    return context.json(user, 200, { ETag: entityTag(user.version) })
  })
  app.openapi(update, async (context) => {
    const { operations } = context.var
    const { tenant, id } = context.req.valid('param')
    const expectation = expectationOf(context.req.valid('header')['if-match'])
    const user = await updateUser(operations, tenant, id, context.req.valid('json'), expectation)
    return context.json(user, 200, { ETag: entityTag(user.version) })
  })
  app.openapi(remove, async (context) => {
    const { operations } = context.var
    const { tenant, id } = context.req.valid('param')
    await deleteUser(operations, tenant, id, expectationOf(context.req.valid('header')['if-match']))
    return context.body(null, 204)
  })
}

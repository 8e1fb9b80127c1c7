import { createRoute, type OpenAPIHono } from '@hono/zod-openapi'
import type { AdminEnv } from '../environment.ts'
import {
  clearFailuresOfClient,
  clearFailuresOfSource,
  clearFailuresOfUser,
  showFailuresOfClient,
  showFailuresOfSource,
  showFailuresOfUser,
} from '../operations/login-failures.ts'
import { loginFailuresResource, sourceFailuresResource } from '../schemas.ts'
import { ALWAYS, jsonContent, name, resourcePath, tenantPath } from './parts.ts'

const tags = ['Failed logins']
const shown = {
  ...ALWAYS,
  200: { description: 'What counts now', content: jsonContent(loginFailuresResource) },
}
const cleared = { ...ALWAYS, 204: { description: 'Nothing counts any more' } }

const shownOfSource = {
  ...ALWAYS,
  200: { description: 'What counts now', content: jsonContent(sourceFailuresResource) },
}

const userRequest = { params: resourcePath('user') }
const clientRequest = { params: resourcePath('client') }
const sourceRequest = {
  params: tenantPath.extend({ source: name.describe('An IP address; of an IPv6 address its /64 counts.') }),
}

const showOfUser = createRoute({
  method: 'get',
  path: '/admin/v1/tenants/{tenant}/users/{id}/login-failures',
  tags,
  operationId: 'showLoginFailuresOfUser',
  summary: "Show a user's failed logins",
  request: userRequest,
  responses: shown,
})

const clearOfUser = createRoute({
  method: 'delete',
  path: '/admin/v1/tenants/{tenant}/users/{id}/login-failures',
  tags,
  operationId: 'clearLoginFailuresOfUser',
  summary: 'Unblock a user',
  description: 'From all sources, but for those that are blocked themselves.',
  request: userRequest,
  responses: cleared,
})

const showOfClient = createRoute({
  method: 'get',
  path: '/admin/v1/tenants/{tenant}/clients/{id}/login-failures',
  tags,
  operationId: 'showLoginFailuresOfClient',
  summary: "Show how often a client's secret was wrong",
  request: clientRequest,
  responses: shown,
})

const clearOfClient = createRoute({
  method: 'delete',
  path: '/admin/v1/tenants/{tenant}/clients/{id}/login-failures',
  tags,
  operationId: 'clearLoginFailuresOfClient',
  summary: 'Unblock a client',
  description: 'From all sources, but for those that are blocked themselves.',
  request: clientRequest,
  responses: cleared,
})

const showOfSource = createRoute({
  method: 'get',
  path: '/admin/v1/tenants/{tenant}/sources/{source}/login-failures',
  tags,
  operationId: 'showLoginFailuresOfSource',
  summary: 'Show the failed logins from a source',
  request: sourceRequest,
  responses: shownOfSource,
})

const clearOfSource = createRoute({
  method: 'delete',
  path: '/admin/v1/tenants/{tenant}/sources/{source}/login-failures',
  tags,
  operationId: 'clearLoginFailuresOfSource',
  summary: 'Unblock a source',
  description: 'For all users and clients, but for those that are blocked themselves.',
  request: sourceRequest,
  responses: cleared,
})

export const LOGIN_FAILURE_ROUTES = [
  ...[showOfUser, clearOfUser],
  ...[showOfClient, clearOfClient],
  ...[showOfSource, clearOfSource],
]

export function addLoginFailureRoutes(app: OpenAPIHono<AdminEnv>): void {
  app.openapi(showOfUser, async (context) => {
    const { operations } = context.var
    const { tenant, id } = context.req.valid('param')
    return context.json(await showFailuresOfUser(operations, tenant, id), 200)
  })
  app.openapi(clearOfUser, async (context) => {
    const { operations } = context.var
    const { tenant, id } = context.req.valid('param')
    await clearFailuresOfUser(operations, tenant, id)
    return context.body(null, 204)
  })
  app.openapi(showOfClient, async (context) => {
    const { operations } = context.var
    const { tenant, id } = context.req.valid('param')
    return context.json(await showFailuresOfClient(operations, tenant, id), 200)
  })
  app.openapi(clearOfClient, async (context) => {
    const { operations } = context.var
    const { tenant, id } = context.req.valid('param')
    await clearFailuresOfClient(operations, tenant, id)
    return context.body(null, 204)
  })
  app.openapi(showOfSource, async (context) => {
    const { operations } = context.var
    const { tenant, source } = context.req.valid('param')
    return context.json(await showFailuresOfSource(operations, tenant, source), 200)
  })
  app.openapi(clearOfSource, async (context) => {
    const { operations } = context.var
    const { tenant, source } = context.req.valid('param')
    await clearFailuresOfSource(operations, tenant, source)
    return context.body(null, 204)
  })
}

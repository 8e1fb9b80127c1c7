/** The routes of the admin API, by noun: one line each. A route says what it takes and gives, and calls operations. */

import type { OpenAPIHono } from '@hono/zod-openapi'
import type { AdminEnv, RouteContext } from '../environment.ts'
import { addClientSecretRoutes } from './client-secrets.ts'
import { addClientRoutes } from './clients.ts'
import { addHealthRoutes } from './health.ts'
import { addKeyRoutes } from './keys.ts'
import { addTenantRoutes } from './tenants.ts'
import { addTokenRoutes } from './tokens.ts'
import { addUserRoutes } from './users.ts'

export function addRoutes(app: OpenAPIHono<AdminEnv>, parts: RouteContext): void {
  addTenantRoutes(app, parts)
  addUserRoutes(app, parts)
  addClientRoutes(app, parts)
  addClientSecretRoutes(app, parts)
  addTokenRoutes(app, parts)
  addKeyRoutes(app, parts)
  addHealthRoutes(app, parts)
}

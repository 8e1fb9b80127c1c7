/** The routes of the admin API, by noun: one line each. A route says what it takes and gives, and calls operations. */

import type { OpenAPIHono, RouteConfig } from '@hono/zod-openapi'
import type { AdminEnv, RouteContext } from '../environment.ts'
import { AUDIT_EVENT_ROUTES, addAuditEventRoutes } from './audit-events.ts'
import { addBrownOutRoutes, BROWN_OUT_ROUTES } from './brown-outs.ts'
import { addClientSecretRoutes, CLIENT_SECRET_ROUTES } from './client-secrets.ts'
import { addClientRoutes, CLIENT_ROUTES } from './clients.ts'
import { addIntegrationRoutes, INTEGRATION_ROUTES } from './integrations.ts'
import { addKeyRoutes, KEY_ROUTES } from './keys.ts'
import { addLoginFailureRoutes, LOGIN_FAILURE_ROUTES } from './login-failures.ts'
import { addProbeRoutes, PROBE_ROUTES } from './probes.ts'
import { addRefusalRoutes, REFUSAL_ROUTES } from './refusals.ts'
import { addTenantRoutes, TENANT_ROUTES } from './tenants.ts'
import { addTokenRoutes, TOKEN_ROUTES } from './tokens.ts'
import { addUsageRoutes, USAGE_ROUTES } from './usage.ts'
import { addUserRoutes, USER_ROUTES } from './users.ts'

/** What the document describes, in its order. */
export const ROUTES: readonly RouteConfig[] = [
  ...TENANT_ROUTES,
  ...BROWN_OUT_ROUTES,
  ...USER_ROUTES,
  ...LOGIN_FAILURE_ROUTES,
  ...CLIENT_ROUTES,
  ...CLIENT_SECRET_ROUTES,
  ...TOKEN_ROUTES,
  ...USAGE_ROUTES,
  ...INTEGRATION_ROUTES,
  ...KEY_ROUTES,
  ...REFUSAL_ROUTES,
  ...AUDIT_EVENT_ROUTES,
  ...PROBE_ROUTES,
]

export function addRoutes(app: OpenAPIHono<AdminEnv>, parts: RouteContext): void {
  addTenantRoutes(app)
  addBrownOutRoutes(app)
  addUserRoutes(app, parts)
  addLoginFailureRoutes(app)
  addClientRoutes(app, parts)
  addClientSecretRoutes(app)
  addTokenRoutes(app, parts)
  addUsageRoutes(app, parts)
  addIntegrationRoutes(app, parts)
  addKeyRoutes(app, parts)
  addRefusalRoutes(app, parts)
  addAuditEventRoutes(app, parts)
  addProbeRoutes(app, parts)
}

import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi'
import type { AdminEnv, RouteContext } from '../environment.ts'
import { integrationResource, migratedIntegration } from '../integration-schemas.ts'
import { AdminError, invalid } from '../operations/admin-error.ts'
import {
  finishInput,
  finishIntegration,
  listIntegrations,
  SILENT_DAYS,
  showIntegration,
} from '../operations/integrations.ts'
import { migrateIntegration, migrationInput } from '../operations/migrate-integration.ts'
import { pageOf } from '../schemas.ts'
import {
  ALWAYS,
  filteredPageQuery,
  jsonBody,
  jsonContent,
  problemsOf,
  resourcePath,
  tenantPath,
  WITH_BODY,
} from './parts.ts'

const tags = ['Integrations']
const path = '/admin/v1/tenants/{tenant}/integrations'
const onePath = `${path}/{id}` as const
const params = resourcePath('user')

const silentDays = z
  .string('must be a number')
  .refine((text) => /^[1-9]\d{0,3}$/.test(text) && Number(text) <= 3650, 'must be 1 to 3650')
  .transform(Number)
  .default(SILENT_DAYS)
  .meta({
    ...{ type: 'integer', minimum: 1, maximum: 3650, default: SILENT_DAYS },
    description: 'Days without a use of the login after which it is silent.',
  })

const list = createRoute({
  method: 'get',
  path,
  tags,
  operationId: 'listIntegrations',
  summary: 'List integrations that were migrated',
  description: "In the order of their users' ids. What was asked for within the last minute may be missing.",
  request: { params: tenantPath, query: filteredPageQuery({ silentDays }) },
  responses: {
    ...ALWAYS,
    ...problemsOf('conflict'),
    200: {
      description: 'A page of integrations',
      content: jsonContent(pageOf(integrationResource, 'IntegrationPage')),
    },
  },
})

const show = createRoute({
  method: 'get',
  path: onePath,
  tags,
  operationId: 'showIntegration',
  summary: 'Show how far an integration is',
  request: { params, query: z.strictObject({ silentDays }) },
  responses: {
    ...ALWAYS,
    ...problemsOf('conflict'),
    200: { description: 'The integration', content: jsonContent(integrationResource) },
  },
})

const migrate = createRoute({
  method: 'post',
  path: `${onePath}/migrate`,
  tags,
  operationId: 'migrateIntegration',
  summary: 'Give an integration a client in place of a login',
  description:
    'The client has the roles and claims of the user, and may use `client_credentials`. The user can log in as before, until the integration is finished.',
  request: { params, body: jsonBody(migrationInput, 'MigrationInput') },
  responses: {
    ...WITH_BODY,
    ...problemsOf('conflict'),
    201: { description: 'The integration and its client', content: jsonContent(migratedIntegration) },
  },
})

const finish = createRoute({
  method: 'post',
  path: `${onePath}/finish`,
  tags,
  operationId: 'finishIntegration',
  summary: 'Disable the login of an integration',
  description:
    'If it is silent, or by force. Ends all tokens of the user, for good. To enable the user again is possible.',
  request: { params, body: jsonBody(finishInput, 'FinishInput') },
  responses: {
    ...WITH_BODY,
    ...problemsOf('conflict'),
    200: { description: 'The integration as it is now', content: jsonContent(integrationResource) },
  },
})

export const INTEGRATION_ROUTES = [list, show, migrate, finish]

export function addIntegrationRoutes(app: OpenAPIHono<AdminEnv>, { options, cursors }: RouteContext): void {
  /** Days of which the ledger knows nothing would look like silence. Throws `invalid`. */
  function requireKnown(days: number): void {
    const kept = options.usageRetentionDays
    if (days <= kept) return
    if (kept === 0) {
      throw new AdminError('conflict', 'No usage is kept (usageRetentionDays is 0): only by force.')
    }
    const message = `must be ${kept} or less: the usage ledger goes no further back (usageRetentionDays)`
    throw invalid('time of silence', [{ path: 'silentDays', message }])
  }

  app.openapi(list, async (context) => {
    const { operations } = context.var
    const { tenant } = context.req.valid('param')
    const { cursor, limit, silentDays: days } = context.req.valid('query')
    requireKnown(days)
    const name = ['integrations', tenant]
    const page = { after: cursors.open(name, cursor), limit }
    const { items, next } = await listIntegrations(operations, tenant, page, days)
    return context.json({ items, next: cursors.seal(name, next) }, 200)
  })
  app.openapi(show, async (context) => {
    const { operations } = context.var
    const { tenant, id } = context.req.valid('param')
    const { silentDays: days } = context.req.valid('query')
    requireKnown(days)
    return context.json(await showIntegration(operations, tenant, id, days), 200)
  })
  app.openapi(migrate, async (context) => {
    const { operations } = context.var
    const { tenant, id } = context.req.valid('param')
    const migrated = await migrateIntegration(operations, tenant, id, context.req.valid('json'))
    return context.json({ ...migrated, secret: migrated.secret?.reveal() ?? null }, 201)
  })
  app.openapi(finish, async (context) => {
    const { operations } = context.var
    const { tenant, id } = context.req.valid('param')
    const input = context.req.valid('json')
    if (input.force !== true) requireKnown(input.silentDays ?? SILENT_DAYS)
    return context.json(await finishIntegration(operations, tenant, id, input), 200)
  })
}

import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi'
import { CHANGE_EVENTS, REQUEST_EVENTS } from '../../store/audit.ts'
import type { AdminEnv, RouteContext } from '../environment.ts'
import { listAuditEvents } from '../operations/audit-events.ts'
import { oneOf } from '../operations/fields.ts'
import { auditEventResource, pageOf } from '../schemas.ts'
import { ALWAYS, filteredPageQuery, jsonContent, name, tenantPath } from './parts.ts'

const types = z
  .string('must be text')
  .transform((text) => text.split(','))
  .pipe(z.array(oneOf([...REQUEST_EVENTS, ...CHANGE_EVENTS])))
  .optional()
  .meta({ type: 'string', description: 'Only these types, separated by commas.' })

function time(description: string) {
  return z
    .string('must be text')
    .transform((text) => (RFC3339.test(text) ? Date.parse(text) : Number.NaN))
    .refine((timeMs) => !Number.isNaN(timeMs), 'must be a time such as 2026-01-31T23:59:59Z')
    .optional()
    .meta({ type: 'string', format: 'date-time', description })
}

const RFC3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/

const list = createRoute({
  method: 'get',
  path: '/admin/v1/tenants/{tenant}/audit-events',
  tags: ['Audit log'],
  operationId: 'listAuditEvents',
  summary: 'List what was done',
  description:
    'Newest first: logins, tokens issued, refusals, revocations, and every change by operators. A page may hold fewer items than were asked for; the list ends where `next` is null. Users and clients that are gone can be asked for by their ids.',
  request: {
    params: tenantPath,
    query: filteredPageQuery({
      type: types,
      user: name.optional().describe('Only what concerns this user, by id.'),
      client: name.optional().describe('Only what concerns this client, by id.'),
      from: time('Not what was before (RFC 3339).'),
      to: time('Only what was before (RFC 3339).'),
    }),
  },
  responses: {
    ...ALWAYS,
    200: {
      description: 'A page of events',
      content: jsonContent(pageOf(auditEventResource, 'AuditEventPage')),
    },
  },
})

export const AUDIT_EVENT_ROUTES = [list]

export function addAuditEventRoutes(app: OpenAPIHono<AdminEnv>, { cursors }: RouteContext): void {
  app.openapi(list, async (context) => {
    const { operations } = context.var
    const { tenant } = context.req.valid('param')
    const { cursor, limit, type, user, client, from, to } = context.req.valid('query')
    const filter = {
      types: type ?? null,
      user: user ?? null,
      client: client ?? null,
      fromMs: from ?? null,
      toMs: to ?? null,
    }
    const named = ['audit-events', tenant, JSON.stringify(filter)]
    const page = { before: cursors.open(named, cursor), limit }
    const { items, next } = await listAuditEvents(operations, tenant, filter, page)
    return context.json({ items, next: cursors.seal(named, next) }, 200)
  })
}

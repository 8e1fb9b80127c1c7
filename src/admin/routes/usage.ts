import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi'
import { SURFACE_NAMES, type SurfaceName } from '../../protocol/policy.ts'
import { USES, type UsageKey, type Use } from '../../store/usage.ts'
import type { AdminEnv, RouteContext } from '../environment.ts'
import { listUsage, summarizeUsage } from '../operations/usage.ts'
import { usagePage } from '../usage-schemas.ts'
import { ALWAYS, filteredPageQuery, jsonContent, name, tenantPath } from './parts.ts'

const seconds = z
  .string('must be a number')
  .refine((text) => /^\d{1,10}$/.test(text), 'must be a whole number of seconds since 1970')
  .transform(Number)
  .optional()
  .meta({
    type: 'integer',
    description:
      'What was before the day (UTC) of this time does not count. Seconds since 1970; by default 90 days ago.',
  })

const list = createRoute({
  method: 'get',
  path: '/admin/v1/tenants/{tenant}/usage',
  tags: ['Usage ledger'],
  operationId: 'listUsage',
  summary: 'List who asks for what, and how often',
  description:
    'By surface, use, user and client, in this order. The server counts in memory and writes once a minute: a call of the last minute may be missing.',
  request: {
    params: tenantPath,
    query: filteredPageQuery({
      surface: z.enum(SURFACE_NAMES).optional().describe('Only on this surface.'),
      use: z.enum(USES).optional().describe('Only this use.'),
      user: name.optional().describe("Only this user's, by id."),
      client: name.optional().describe("Only this client's, by id."),
      since: seconds,
    }),
  },
  responses: { ...ALWAYS, 200: { description: 'A page of the usage', content: jsonContent(usagePage) } },
})

export const USAGE_ROUTES = [list]

export function addUsageRoutes(app: OpenAPIHono<AdminEnv>, { cursors }: RouteContext): void {
  app.openapi(list, async (context) => {
    const { operations } = context.var
    const { tenant } = context.req.valid('param')
    const { cursor, limit, ...filter } = context.req.valid('query')
    const { surface = null, use = null, user = null, client = null, since } = filter
    const named = ['usage', tenant, surface, use, user, client, since === undefined ? null : String(since)]
    const position = cursors.open(named, cursor)
    const page = { after: position === null ? null : keyOf(position), limit }
    const { items, next } = await listUsage(operations, tenant, filter, page)
    const summary = position === null ? await summarizeUsage(operations, tenant, filter) : null
    return context.json(
      { items, next: cursors.seal(named, next === null ? null : textOf(next)), summary },
      200,
    )
  })
}

function textOf({ surface, use, user, client }: UsageKey): string {
  return JSON.stringify([surface, use, user, client])
}

/** Of a text that only `textOf` has made. */
function keyOf(text: string): UsageKey {
  const [surface, use, user, client] = JSON.parse(text) as [SurfaceName, Use, string | null, string | null]
  return { surface, use, user, client }
}

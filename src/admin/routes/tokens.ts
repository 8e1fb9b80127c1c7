import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi'
import type { AdminEnv, RouteContext } from '../environment.ts'
import { AdminError, type Problem } from '../operations/admin-error.ts'
import { objectOf, secretText } from '../operations/fields.ts'
import { requireTenant } from '../operations/require-tenant.ts'
import { listTokens, revokeTokens, revokeTokensBefore } from '../operations/tokens.ts'
import { validated } from '../operations/validated.ts'
import { pageOf, tokenResource } from '../schemas.ts'
import {
  ALWAYS,
  filteredPageQuery,
  jsonBody,
  jsonContent,
  name,
  problemsOf,
  tenantPath,
  WITH_BODY,
} from './parts.ts'

const tags = ['Tokens']

const list = createRoute({
  method: 'get',
  path: '/admin/v1/tenants/{tenant}/tokens',
  tags,
  operationId: 'listTokens',
  summary: 'List tokens',
  description:
    'What was issued, newest first: never the tokens themselves, nor anything they could be made from. JWTs without a refresh token are not stored, so they are not here.',
  request: {
    params: tenantPath,
    query: filteredPageQuery({
      user: name.optional().describe("Only this user's, by id."),
      client: name.optional().describe("Only this client's, by id."),
    }),
  },
  responses: {
    ...ALWAYS,
    200: { description: 'A page of tokens', content: jsonContent(pageOf(tokenResource, 'TokenPage')) },
  },
})

const revocation = objectOf({
  token: secretText.optional().describe('One access token, or a refresh token with its family.'),
  user: name.optional().describe('The id of a user: every token the user has.'),
  client: name.optional().describe('The id of a client: every token the client has.'),
  issuedBefore: z
    .int('must be a whole number of seconds since 1970')
    .min(0, 'must not be negative')
    .optional()
    .describe('Every token of the tenant that was issued earlier. Seconds since 1970, not in the future.'),
})

const revoke = createRoute({
  method: 'post',
  path: '/admin/v1/tenants/{tenant}/revocations',
  tags,
  operationId: 'revokeTokens',
  summary: 'Revoke tokens',
  description:
    'Either one token; or all tokens that a user, a client or both have, issued up to now; or all tokens of the tenant that were issued before a time. Of any kind and surface. They are dead when the answer comes, for good.',
  request: { params: tenantPath, body: jsonBody(revocation, 'Revocation') },
  responses: { ...WITH_BODY, ...problemsOf('conflict'), 204: { description: 'Revoked' } },
})

export const TOKEN_ROUTES = [list, revoke]

export function addTokenRoutes(app: OpenAPIHono<AdminEnv>, { options, cursors }: RouteContext): void {
  app.openapi(list, async (context) => {
    const { operations } = context.var
    const { tenant } = context.req.valid('param')
    const { cursor, limit, user = null, client = null } = context.req.valid('query')
    const named = ['tokens', tenant, user, client]
    const position = cursors.open(named, cursor)
    const page = { before: position === null ? null : Number(position), limit }
    const { items, next } = await listTokens(operations, tenant, { user, client }, page)
    return context.json({ items, next: cursors.seal(named, next === null ? null : String(next)) }, 200)
  })
  app.openapi(revoke, async (context) => {
    const { operations } = context.var
    const { tenant } = context.req.valid('param')
    const body = validated('revocation', revocation, context.req.valid('json'), oneKind)
    const { token, user, client, issuedBefore } = body
    if (issuedBefore !== undefined) {
      await revokeTokensBefore(operations, tenant, issuedBefore)
    } else if (token === undefined) {
      await revokeTokens(operations, tenant, { user, client })
    } else {
      await requireTenant(operations, tenant)
      const outcome = await options.revokeToken(tenant, token, operations.by)
      if (outcome === 'unknown_token')
        throw new AdminError('not_found', 'The tenant has not issued this token.')
    }
    return context.body(null, 204)
  })
}

function oneKind({ token, user, client, issuedBefore }: z.output<typeof revocation>): Problem[] {
  const isOfHolders = user !== undefined || client !== undefined
  const kinds = [token !== undefined, isOfHolders, issuedBefore !== undefined].filter(Boolean).length
  const message = 'must name a token alone, or a user, a client or both, or a time alone'
  return kinds === 1 ? [] : [{ path: '', message }]
}

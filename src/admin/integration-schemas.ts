import { z } from '@hono/zod-openapi'
import { INTEGRATION_STATES, type IntegrationResource } from './operations/integrations.ts'
import type { MigratedIntegration } from './operations/migrate-integration.ts'
import { clientResource } from './schemas.ts'

const time = (description: string) => z.int().describe(`${description} Seconds since 1970.`)

export const integrationResource = z
  .object({
    user: z.string().describe('The id of the user it logged in as.'),
    username: z.string(),
    client: z.string().describe('The `client_id` of its client.'),
    migratedAt: time('When it was given the client.'),
    lastOldAt: time(
      'When a token was asked for as the user the last time, be it refused (but for wrong passwords); null: not known.',
    ).nullable(),
    lastTokenAt: time(
      'When a token of the user was asked about (introspection, token info) or revoked the last time, since it was migrated; null: not known.',
    ).nullable(),
    lastNewAt: time(
      'When the client got a token the last time, since it was migrated; null: never.',
    ).nullable(),
    newCalls: z.int().describe('Tokens that the client got since.'),
    silentDays: z
      .int()
      .describe('Whole days since `lastOldAt` and `lastTokenAt`, and no more than since it was migrated.'),
    state: z
      .enum(INTEGRATION_STATES)
      .describe(
        '`client_unused`: the client has got no token yet. `login_used`: the login is not silent. `token_used`: it is, but not what was issued by it. `silent`: both are, and the login can be disabled. `finished`: the user is disabled. `no_client`: the client was deleted or disabled.',
      ),
  })
  .openapi('Integration') satisfies z.ZodType<IntegrationResource>

export const migratedIntegration = z
  .object({
    integration: integrationResource,
    client: clientResource,
    secret: z
      .string()
      .nullable()
      .describe('That of the new client, shown this once; null: the client was there already.'),
    tokenEndpoint: z.string().describe('Where the client asks for its tokens.'),
  })
  .openapi('MigratedIntegration') satisfies z.ZodType<Omit<MigratedIntegration, 'secret'>>

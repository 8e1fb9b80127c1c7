import type { OpenAPIHono } from '@hono/zod-openapi'
import type { AdminEnv } from './environment.ts'

/** The OpenAPI 3.1 document of all routes that were added to the app. */
export function describeApi(app: OpenAPIHono<AdminEnv>, version: string) {
  const document = app.getOpenAPI31Document({
    openapi: '3.1.0',
    info: {
      title: 'Mintkeeper admin API',
      version,
      description: 'The control plane: users, clients, tokens and signing keys of all tenants.',
    },
    security: [{ adminToken: [] }],
  })
  return {
    ...document,
    components: {
      ...document.components,
      securitySchemes: {
        adminToken: { type: 'http', scheme: 'bearer', description: 'The option `adminToken`.' },
      },
    },
  } as const
}

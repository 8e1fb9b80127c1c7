import { OpenAPIHono } from '@hono/zod-openapi'
import { ROUTES } from './routes/index.ts'

/** The OpenAPI 3.1 document of the admin API. */
export function describeApi(version: string) {
  const app = new OpenAPIHono()
  for (const route of ROUTES) app.openAPIRegistry.registerPath(route)
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
        adminToken: { type: 'http' as const, scheme: 'bearer', description: 'The option `adminToken`.' },
      },
    },
  }
}

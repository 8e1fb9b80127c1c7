/**
 * The admin API: operations over HTTP, and the health of the process. This folder owns what operators can do and see;
 * it meets the token plane in the store only. Whatever it answers, errors included, is said in its OpenAPI document.
 */

import { OpenAPIHono } from '@hono/zod-openapi'
import { HTTPException } from 'hono/http-exception'
import { authentication } from './authentication.ts'
import { bodyLimit } from './body-limit.ts'
import { createCursors } from './cursor.ts'
import { describeApi } from './document.ts'
import type { AdminEnv, AdminOptions, RouteContext } from './environment.ts'
import { invalid } from './operations/admin-error.ts'
import { problemsOf } from './operations/validated.ts'
import { PROBLEMS } from './problem.ts'
import { problemResponse, refusalOf } from './refusal.ts'
import { answered } from './request-log.ts'
import { addRoutes } from './routes/index.ts'

/** Bytes: room for any resource, and an end to what one request can make the server hold. */
const MAX_BODY_BYTES = 64 * 1024

/** The control plane's HTTP API, without a listener. */
export function createAdminApp(options: AdminOptions): OpenAPIHono<AdminEnv> {
  const app = new OpenAPIHono<AdminEnv>({
    defaultHook: (result) => {
      if (!result.success) throw invalid('request', result.error.issues.flatMap(problemsOf))
    },
  })
  const parts: RouteContext = { options, cursors: createCursors(options.adminToken) }
  app.use(answered(options))
  app.use(authentication(options.adminToken))
  app.use(bodyLimit(MAX_BODY_BYTES))
  addRoutes(app, parts)
  app.get('/openapi.json', (context) => context.json(describeApi(options.version)))
  addMethodRefusals(app)
  app.notFound((context) =>
    problemResponse(context, { code: 'not_found', detail: 'There is nothing at this path.' }),
  )
  app.onError((thrown, context) => {
    const refusal = refusalOf(thrown, context.req.header('if-match') !== undefined)
    if (PROBLEMS[refusal.code].status >= 500 && !(thrown instanceof HTTPException)) {
      options.log.error('admin request failed', thrown, { requestId: context.get('requestId') })
    }
    return problemResponse(context, refusal)
  })
  return app
}

/** 405 for every path that is known with another method (RFC 9110 §15.5.6). */
function addMethodRefusals(app: OpenAPIHono<AdminEnv>): void {
  const methods = new Map<string, Set<string>>()
  for (const { path, method } of app.routes) {
    if (method === 'ALL') continue
    methods.set(path, (methods.get(path) ?? new Set()).add(method))
  }
  for (const [path, known] of methods) {
    if (known.has('GET')) known.add('HEAD')
    const Allow = [...known].sort().join(', ')
    app.all(path, (context) =>
      problemResponse(context, {
        code: 'method_not_allowed',
        detail: `This path knows ${Allow}.`,
        headers: { Allow },
      }),
    )
  }
}

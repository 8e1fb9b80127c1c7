/** OpenTelemetry: one span a request, and nothing in it that came with the request. */
import { context, SpanKind, trace } from '@opentelemetry/api'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { createApp } from '../../src/http/app.ts'
import { createTenantDirectory } from '../../src/http/tenant.ts'
import { createLog } from '../../src/log/log.ts'
import { StoreUnavailable } from '../../src/store/errors.ts'
import { SURFACES } from '../../src/surfaces/index.ts'
import { createHarness, TENANT } from '../harness.ts'
import { type KeptSpan, registerTracer, unregisterTracer } from './tracer.ts'

const PASSWORD = 'canary-2b7e15-password'
const SECRET = 'canary-91cc04-secret-of-a-client-0123456789-ABCDEF'
const REMOTE = { traceId: '4bf92f3577b34da6a3ce929d0e0e4736', spanId: '00f067aa0ba902b7' }
const TRACEPARENT = `00-${REMOTE.traceId}-${REMOTE.spanId}-01`
const REALM = '/auth/realms/dodici/protocol/openid-connect'

const harness = createHarness()
const written: string[] = []
const directory = createTenantDirectory([TENANT], SURFACES, { defaultTenant: null, baseDomains: [] })
const log = createLog('trace', { write: (text) => void written.push(text) })
const app = createApp({ services: harness.services, directory: () => directory, log })
let spans: KeptSpan[] = []

beforeAll(async () => {
  await harness.user({ username: 'ann', password: PASSWORD })
  await harness.client({ id: 'shop', secret: SECRET })
  spans = registerTracer()
})
afterAll(unregisterTracer)
beforeEach(() => {
  spans.length = 0
  written.length = 0
})

interface Sent {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly form?: Readonly<Record<string, string>>
}

async function send(url: string, { method = 'POST', headers = {}, form = {} }: Sent = {}) {
  const response = await app.handle(
    {
      method,
      url,
      headers: { get: (name) => headers[name] ?? null },
      text: async () => new URLSearchParams(form).toString(),
    },
    { host: TENANT.hosts[0] ?? null, source: '192.0.2.1' },
  )
  const line = JSON.parse(written.at(-1) ?? '')
  return { response, line, span: spans.at(-1) }
}

const LOGIN = { grant_type: 'password', username: 'ann', password: PASSWORD }

test('a request is one span, named by its route, with what became of it', async () => {
  const { span, line } = await send('/spree_oauth/token', { form: LOGIN })
  expect(spans).toHaveLength(1)
  expect(span).toEqual({
    name: 'POST /spree_oauth/token',
    kind: SpanKind.SERVER,
    status: null,
    context: expect.objectContaining({ traceId: line.traceId }),
    parentId: null,
    ended: true,
    attributes: {
      'http.request.method': 'POST',
      'http.route': '/spree_oauth/token',
      'url.path': '/spree_oauth/token',
      'http.response.status_code': 200,
      'mintkeeper.request_id': line.requestId,
      'mintkeeper.tenant': 'dodici',
      'mintkeeper.surface': 'spree',
      'mintkeeper.endpoint': 'token',
      'mintkeeper.grant_type': 'password',
      'mintkeeper.outcome': 'ok',
    },
  })
})

test('it continues the trace of who asks, and the log line names that', async () => {
  const { span, line } = await send('/oauth/token', { headers: { traceparent: TRACEPARENT } })
  expect([span?.context.traceId, span?.parentId]).toEqual([REMOTE.traceId, REMOTE.spanId])
  expect(line.traceId).toBe(REMOTE.traceId)
})

test.each(['', '00-0-0-01', `00-${'0'.repeat(32)}-zz-01`, "'; drop table spans", TRACEPARENT.repeat(100)])(
  'a traceparent that is none begins a trace of its own: %#',
  async (traceparent) => {
    const { span, response } = await send('/oauth/token', { headers: { traceparent } })
    expect([span?.parentId, response.status]).toEqual([null, 400])
  },
)

test('in a host that traces it is a part of the host’s span, whatever the header says', async () => {
  const host = trace.getTracer('host').startSpan('host')
  await context.with(trace.setSpan(context.active(), host), () =>
    send('/oauth/token', { headers: { traceparent: TRACEPARENT } }),
  )
  const [, span] = spans
  expect([span?.kind, span?.parentId]).toEqual([SpanKind.INTERNAL, host.spanContext().spanId])
})

test('what is traced meanwhile is below it', async () => {
  const { findUserByLogin } = harness.store
  Object.assign(harness.store, {
    async findUserByLogin(tenant: string, login: string) {
      trace.getTracer('database').startSpan('select').end()
      return await findUserByLogin(tenant, login)
    },
  })
  try {
    await send('/spree_oauth/token', { form: LOGIN })
  } finally {
    Object.assign(harness.store, { findUserByLogin })
  }
  const [request, query] = spans
  expect([query?.name, query?.parentId]).toEqual(['select', request?.context.spanId])
})

test('a refusal is no error of the server, a failure is one', async () => {
  const refused = await send('/spree_oauth/token', { form: { ...LOGIN, password: 'x' } })
  expect(refused.span).toMatchObject({
    status: null,
    attributes: { 'mintkeeper.outcome': 'invalid_grant', 'mintkeeper.reason': 'wrong_password' },
  })
  const { findUserByLogin } = harness.store
  Object.assign(harness.store, { findUserByLogin: () => Promise.reject(new StoreUnavailable('gone')) })
  try {
    const { span } = await send('/spree_oauth/token', { form: LOGIN })
    expect(span).toMatchObject({
      status: { code: 2 },
      ended: true,
      attributes: { 'http.response.status_code': 503, 'error.type': 'temporarily_unavailable' },
    })
  } finally {
    Object.assign(harness.store, { findUserByLogin })
  }
})

test('T170, T174 no span has a secret, nor a name that a client invents', async () => {
  const as = { authorization: `Basic ${Buffer.from(`shop:${SECRET}`).toString('base64')}` }
  const requests: readonly (readonly [string, Sent])[] = [
    [`/oauth/token?password=${PASSWORD}`, { form: LOGIN }],
    [`/oauth/token/${PASSWORD}`, {}],
    [`/${PASSWORD}`, { method: 'GET' }],
    ['/oauth/token', { method: PASSWORD }],
    ['/oauth/token', { headers: as, form: { grant_type: SECRET, scope: SECRET } }],
    ['/oauth/introspect', { headers: as, form: { token: PASSWORD } }],
    ['/spree_oauth/token', { form: { ...LOGIN, username: PASSWORD } }],
    [`${REALM.replace('dodici', PASSWORD)}/token`, { form: LOGIN }],
    [`${REALM}/token`, { headers: { 'x-request-id': SECRET, traceparent: SECRET }, form: LOGIN }],
  ]
  for (const [url, sent] of requests) await send(url, sent)
  expect(spans).toHaveLength(requests.length)
  const text = JSON.stringify(spans)
  expect(text).not.toContain('canary-')
  expect(text).not.toContain(as.authorization.slice(6))
  expect(spans.map(({ name }) => name)).toEqual([
    'POST /oauth/token',
    'POST',
    'GET',
    'HTTP /oauth/token',
    'POST /oauth/token',
    'POST /oauth/introspect',
    'POST /spree_oauth/token',
    'POST /auth/realms/{tenant}/protocol/openid-connect/token',
    'POST /auth/realms/{tenant}/protocol/openid-connect/token',
  ])
})

test('without an SDK there is no span and no trace in the log', async () => {
  unregisterTracer()
  const { line, span, response } = await send('/spree_oauth/token', {
    form: LOGIN,
    headers: { traceparent: TRACEPARENT },
  })
  expect([response.status, span]).toEqual([200, undefined])
  expect(line).not.toHaveProperty('traceId')
})

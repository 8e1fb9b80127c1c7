/** T171: whatever a request holds, its line is one line, and a short one. */
import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type App, createApp } from '../../src/http/app.ts'
import { createTenantDirectory } from '../../src/http/tenant.ts'
import { createLog, LOG_LEVELS, type LogLevel } from '../../src/log/log.ts'
import { OAuthError } from '../../src/protocol/errors.ts'
import { SURFACES } from '../../src/surfaces/index.ts'
import { createHarness, TENANT } from '../harness.ts'

const HOST = 'dodici.x.newstore.net'
const SECRET = 'the-secret-of-the-shop-that-nobody-can-guess'
const PASSWORD = 'V3lC4EvMV1X5h3HsB_VU'

/** Longer than any line about a request that was not the server's own fault. */
const LONGEST = 1000

const tenants = [
  {
    ...TENANT,
    signingAlgorithm: 'ES256' as const,
    surfaces: { spree: {}, standard: { passwordGrant: true } },
  },
]
const harness = createHarness({ tenants })
const written: string[] = []

function appAt(level: LogLevel): App {
  const directory = createTenantDirectory(tenants, SURFACES, { defaultTenant: null, baseDomains: [] })
  const log = createLog(level, { write: (text) => void written.push(text) })
  return createApp({ services: harness.services, directory: () => directory, log })
}

const app = appAt('trace')

beforeAll(async () => {
  await harness.user({ username: 'ann', password: PASSWORD })
  await harness.client({ id: 'shop', secret: SECRET })
})
beforeEach(() => {
  written.length = 0
})

interface Sent {
  readonly method?: string
  readonly url?: string
  readonly host?: string
  readonly source?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly form?: Readonly<Record<string, string>>
}

async function send(
  { method = 'POST', url = '/oauth/token', host = HOST, source, headers = {}, form = {} }: Sent,
  to = app,
) {
  const response = await to.handle(
    {
      method,
      url,
      headers: { get: (name) => headers[name] ?? null },
      text: async () => new URLSearchParams(form).toString(),
    },
    { host, source: source ?? '192.0.2.1' },
  )
  const lines = written.map((text) => JSON.parse(text))
  return { response, lines, line: lines.at(-1) }
}

const HOSTILE: readonly (readonly [string, string])[] = [
  ['line breaks', 'ann\r\n{"level":"info","msg":"request","client":"forged"}'],
  ['other ends of lines', 'a\u2028b\u2029c\u0085d\v\f'],
  ['escapes of a terminal', '\u001b[2J\u001b]0;owned\u0007\u009b31m'],
  ['NULs and backspaces', 'a\u0000b\b\b\b'],
  ['10 KB', 'x'.repeat(10_240)],
  ['half a surrogate pair', '\ud800'],
  ['direction marks', '\u202egnp.exe'],
  ['what JSON is made of', '","client":"forged","x":"'],
]

describe.each(HOSTILE)('%s', (_, text) => {
  const places: readonly (readonly [string, Sent])[] = [
    [
      'a user name',
      {
        form: {
          grant_type: 'password',
          username: text,
          password: 'x',
          client_id: 'shop',
          client_secret: SECRET,
        },
      },
    ],
    ['a client id', { form: { grant_type: 'client_credentials', client_id: text, client_secret: 'x' } }],
    [
      'a client id in Basic',
      {
        headers: {
          authorization: `Basic ${Buffer.from(`${encodeURIComponent(text.toWellFormed())}:x`).toString('base64')}`,
        },
      },
    ],
    ['a grant type', { form: { grant_type: text } }],
    [
      'a scope',
      { form: { grant_type: 'client_credentials', scope: text, client_id: 'shop', client_secret: SECRET } },
    ],
    ['a state', { url: '/spree_oauth/token', form: { grant_type: 'x', state: text } }],
    ['a token', { url: '/oauth/revoke', form: { token: text, client_id: 'shop', client_secret: SECRET } }],
    ['a name of a parameter', { form: { [text]: 'x', grant_type: 'x' } }],
    ['a path', { url: `/oauth/${text}` }],
    ['a realm', { url: `/auth/realms/${text}/protocol/openid-connect/token` }],
    ['a query', { url: `/oauth/token?${text}` }],
    ['a method', { method: text }],
    ['a host', { host: text }],
    ['a content type', { headers: { 'content-type': text } }],
    ['a user agent', { headers: { 'user-agent': text, referer: text, cookie: text } }],
    ['a request id', { headers: { 'x-request-id': text, 'request-id': text } }],
  ]

  test.each(places)('as %s', async (_place, sent) => {
    const { response, lines, line } = await send(sent)
    expect(response.status).toBeLessThan(500)
    expect(lines).toHaveLength(1)
    expect(written[0]).toMatch(/^[\x20-\x7e]*\n$/)
    expect(written[0]!.length).toBeLessThan(LONGEST)
    expect([null, 'shop']).toContain(line.client)
    expect(line.requestId).toBe(response.headers['X-Request-Id'])
    expect(line.requestId).toMatch(/^[0-9a-f-]{36}$/)
  })
})

describe('request ids', () => {
  const ID = '9287978a-6641-410e-b7db-102c22a4f392'

  test.each(['x-request-id', 'x-newstore-request-id', 'request-id'])(
    'a UUID in %s is that of line and answer',
    async (name) => {
      for (const brought of [ID, ID.toUpperCase()]) {
        const { line, response } = await send({ headers: { [name]: brought } })
        expect([line.requestId, response.headers['X-Request-Id']]).toEqual([ID, ID])
      }
    },
  )

  test.each([`${ID}x`, ` ${ID}`, `${ID}\n`, ID.replaceAll('-', ''), `{${ID}}`, 'trace-17', ''])(
    '%j is replaced',
    async (brought) => {
      const { line, response } = await send({ headers: { 'x-request-id': brought } })
      expect(line.requestId).not.toContain(brought || 'nothing')
      expect(line.requestId).toBe(response.headers['X-Request-Id'])
    },
  )

  test('each request has its own', async () => {
    for (let count = 0; count < 20; count++) await send({})
    expect(new Set(written.map((text) => JSON.parse(text).requestId)).size).toBe(20)
  })
})

describe('what goes wrong inside', () => {
  test('is told with its causes, on one line', async () => {
    const cause = new Error('first\r\nsecond \u001b[31m', { cause: new TypeError('third') })
    const failing = {
      ...harness.services,
      store: { ...harness.store, findClient: () => Promise.reject(cause) },
    }
    const directory = createTenantDirectory(tenants, SURFACES, { defaultTenant: null, baseDomains: [] })
    const log = createLog('info', { write: (text) => void written.push(text) })
    const broken = createApp({ services: failing, directory: () => directory, log })
    const { response, line, lines } = await send(
      { form: { grant_type: 'client_credentials', client_id: 'shop', client_secret: SECRET } },
      broken,
    )
    expect([response.status, lines.length, line.level]).toEqual([500, 1, 'error'])
    expect(written[0]).toMatch(/^[\x20-\x7e]*\n$/)
    expect(line.error).toMatchObject({ name: 'Error', cause: { name: 'TypeError', message: 'third' } })
    expect(response.body).not.toMatch(/first|second|third|\.ts|stack/)
  })

  test('is bounded, however long its words and however deep its causes', () => {
    const log = createLog('info', { write: (text) => void written.push(text) })
    let cause: unknown = 'x'.repeat(100_000)
    for (let depth = 0; depth < 100; depth++) cause = new Error('x'.repeat(100_000), { cause })
    log.error('it failed', cause)
    expect(written).toHaveLength(1)
    expect(written[0]!.length).toBeLessThan(20_000)
  })

  test('a refusal says nothing of its cause', async () => {
    const { line } = await send({
      url: '/spree_oauth/token',
      headers: { 'content-type': 'application/json' },
    })
    expect(line).not.toHaveProperty('error')
    const log = createLog('info', { write: (text) => void written.push(text) })
    const refusal = new OAuthError('malformed_body', 'broken_json', { cause: new Error(PASSWORD) })
    log.request({ ...line, status: 400, cause: refusal.cause })
    expect(written.at(-1)).not.toContain(PASSWORD)
  })
})

test.each(LOG_LEVELS)('at level %s', async (level) => {
  const { response } = await send({}, appAt(level))
  expect(response.status).toBe(400)
  const shown = ['info', 'debug', 'trace'].includes(level)
  expect(written).toHaveLength(shown ? 1 : 0)
})

import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { CONFIGURATION, createWorkplace, freePort, postJson, type Workplace } from '../cli/workplace.ts'

const TELL = pathToFileURL(join(import.meta.dirname, 'tell-loaded.ts')).href
const ADMIN_TOKEN = 'canary-admin-token-0123456789'
const ENVIRONMENT = { NODE_OPTIONS: `--import=${TELL}`, MINTKEEPER_ADMIN_TOKEN: ADMIN_TOKEN }

/** Each costs time at every start, and memory for as long as the process lives. */
const UNNEEDED = {
  "Node's HTTP client": /^NativeModule internal\/deps\/undici/,
  'the framework of the admin API': /node_modules\/(@hono\/|hono\/)/,
  'the routes of the admin API': /src\/admin\/(app|routes\/.*)\.ts$/,
  'the driver of PostgreSQL': /node_modules\/pg\/|src\/stores\/postgres\//,
  bcrypt: /node_modules\/@node-rs\/bcrypt/,
  // prom-client has it, too, as a module of CommonJS.
  "OpenTelemetry's API": /node_modules\/@opentelemetry\/.*\.mjs$/,
  'other commands': /src\/cli\/(commands\/(?!serve\.ts)|doctor\/)/,
}

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'

/** What registers an OpenTelemetry SDK, as all copies of its API of one major version see it, and loads none. */
const SDK = `
const span = {
  spanContext: () => ({ traceId: '${TRACE}', spanId: '00f067aa0ba902b7', traceFlags: 1 }),
  setAttributes() {},
  end() {},
}
globalThis[Symbol.for('opentelemetry.js.api.1')] = {
  version: '1.99.0',
  trace: { getTracer: () => ({ startSpan: () => span }) },
}
`

let place: Workplace
beforeEach(() => {
  place = createWorkplace()
  place.write('mintkeeper.yaml', CONFIGURATION)
})
afterEach(() => place.remove())

/** Which kinds of modules are among those that the last line tells of. */
function kindsIn(stderr: string, kinds: Readonly<Record<string, RegExp>>): readonly string[] {
  const last = stderr.split('\n').findLast((line) => line.startsWith('loaded ')) ?? ''
  const loaded: readonly string[] = JSON.parse(last.replace('loaded ', ''))
  return Object.keys(kinds).filter((kind) => loaded.some((name) => kinds[kind]?.test(name)))
}

describe('a server', () => {
  it('has loaded nothing that tokens and probes do not need', async () => {
    const server = await place.serve(['--admin-port', String(await freePort())], { env: ENVIRONMENT })
    const answer = await postJson(`${server.url}/oauth/token`, {
      grant_type: 'client_credentials',
      client_id: 'sync',
      client_secret: 'canary-secret-of-the-sync-client-0123456789',
    })
    expect(answer.token_type).toBe('Bearer')
    for (const path of ['/healthz', '/readyz', '/metrics']) {
      expect((await fetch(server.adminUrl + path)).status).toBe(200)
    }
    server.child.kill('SIGUSR2')
    await server.said(/^loaded .*\n/m)
    expect(kindsIn(server.stderr(), UNNEEDED)).toEqual([])

    const headers = { Authorization: `Bearer ${ADMIN_TOKEN}` }
    expect((await fetch(`${server.adminUrl}/admin/v1/tenants`, { headers })).status).toBe(200)
    server.child.kill('SIGTERM')
    const { stderr } = await server.ended
    expect(kindsIn(stderr, UNNEEDED)).toEqual([
      "Node's HTTP client",
      'the framework of the admin API',
      'the routes of the admin API',
    ])
  })

  it('loads the API of OpenTelemetry once somebody has registered an SDK', async () => {
    const sdk = place.write('sdk.mjs', SDK)
    const env = { NODE_OPTIONS: `--import=${TELL} --import=${pathToFileURL(sdk).href}` }
    const server = await place.serve(['--admin-port', '0'], { env })
    expect((await fetch(`${server.url}/.well-known/jwks.json`)).status).toBe(200)
    server.child.kill('SIGTERM')
    const { stdout, stderr } = await server.ended
    expect(kindsIn(stderr, UNNEEDED)).toEqual(["OpenTelemetry's API"])
    expect(stdout).toContain(`"traceId":"${TRACE}"`)
  })

  it('loads the driver of the database it is told to use, and no other', async () => {
    const database = `postgres://127.0.0.1:${await freePort()}/nowhere`
    const env = { ...ENVIRONMENT, MINTKEEPER_MASTER_KEY: Buffer.alloc(32, 7).toString('base64') }
    const { code, stderr } = await place.run(['serve', '--database', database], { env })
    expect(code).toBe(1)
    const drivers = { SQLite: /^NativeModule sqlite$/, PostgreSQL: UNNEEDED['the driver of PostgreSQL'] }
    expect(kindsIn(stderr, drivers)).toEqual(['PostgreSQL'])
  })
})

it('a command is loaded alone, and all are where none is named', async () => {
  const commands = {
    apply: /commands\/apply\.ts$/,
    serve: /commands\/serve\.ts$/,
    doctor: /src\/cli\/doctor\//,
  }
  const apply = await place.run(['apply', 'mintkeeper.yaml'], { env: ENVIRONMENT })
  expect([apply.code, kindsIn(apply.stderr, commands)]).toEqual([0, ['apply']])
  const help = await place.run(['--help'], { env: ENVIRONMENT })
  expect([help.code, kindsIn(help.stderr, commands)]).toEqual([0, ['apply', 'serve', 'doctor']])
})

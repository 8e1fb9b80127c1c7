import { Agent, type ClientRequest, type IncomingMessage, request } from 'node:http'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  CONFIGURATION,
  createWorkplace,
  freePort,
  postJson,
  type RunningServer,
  type Workplace,
} from '../cli/workplace.ts'

const SYNC = { client_id: 'sync', client_secret: 'canary-secret-of-the-sync-client-0123456789' }
const LOGIN = 'grant_type=password&username=joe@example.com&password=canary-password-of-joe'

interface Underway {
  /** Sends what is missing. */
  finish(): Promise<{
    readonly status: number | undefined
    readonly connection: string | undefined
    readonly body: string
  }>
}

/** A login whose head the server has read, and whose body it waits for. */
async function loginUnderway({ url }: RunningServer): Promise<Underway> {
  const answered = Promise.withResolvers<IncomingMessage>()
  const sent: ClientRequest = request(`${url}/spree_oauth/token`, {
    method: 'POST',
    headers: {
      'Content-Type': 'application/x-www-form-urlencoded',
      'Content-Length': LOGIN.length,
      // The server says so as soon as it has the head.
      Expect: '100-continue',
    },
  })
  sent.on('response', answered.resolve).on('error', answered.reject)
  // Cut connections are what some of these tests are about.
  answered.promise.catch(() => {})
  sent.flushHeaders()
  await new Promise((resolve) => sent.once('continue', resolve))
  return {
    async finish() {
      sent.end(LOGIN)
      const response = await answered.promise
      const { statusCode: status, headers } = response
      return { status, connection: headers.connection, body: await text(response) }
    },
  }
}

let place: Workplace
let server: RunningServer
beforeEach(async () => {
  place = createWorkplace()
  place.write('mintkeeper.yaml', CONFIGURATION)
  server = await place.serve(['--admin-port', String(await freePort())])
})
afterEach(() => place.remove())

/** Sends the signal, and waits until the server knows. */
async function stopping(signal: NodeJS.Signals): Promise<void> {
  server.child.kill(signal)
  await server.said(/"msg":"stopping"/)
}

/** Asks for a token of a client's own; the status of the answer. */
function token(url: string, agent: Agent): Promise<number | undefined> {
  const body =
    'grant_type=client_credentials&client_id=sync&client_secret=canary-secret-of-the-sync-client-0123456789'
  return new Promise((resolve, reject) => {
    request(`${url}/oauth/token`, {
      agent,
      method: 'POST',
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
    })
      .on('response', (response) => response.resume().on('end', () => resolve(response.statusCode)))
      .on('error', reject)
      .end(body)
  })
}

async function refusesConnections(): Promise<boolean> {
  return await fetch(server.url).then(
    () => false,
    () => true,
  )
}

describe.each(['SIGTERM', 'SIGINT'] as const)('T195 %s', (signal) => {
  it('makes readiness 503 at once, refuses connections, finishes what is underway, and exits with 0', async () => {
    const login = await loginUnderway(server)
    await stopping(signal)
    expect((await fetch(`${server.adminUrl}/readyz`)).status).toBe(503)
    expect((await fetch(`${server.adminUrl}/healthz`)).status).toBe(200)
    while (!(await refusesConnections()));
    expect(server.child.exitCode).toBeNull()
    const { status, connection, body } = await login.finish()
    expect({ status, connection }).toEqual({ status: 200, connection: 'close' })
    expect(await server.ended).toMatchObject({
      code: 0,
      signal: null,
      stdout: expect.stringContaining('"msg":"stopped"'),
    })
    // What was answered is stored.
    const { access_token: token } = JSON.parse(body)
    expect(await place.json(['token', 'inspect', '-'], { input: token })).toMatchObject({ state: 'live' })
  })
})

describe('T195 SIGTERM under load', () => {
  it('cuts off nobody: every request is answered, or finds the port closed', async () => {
    const refused: unknown[] = []
    let answers = 0
    const work = async () => {
      const agent = new Agent({ keepAlive: true, maxSockets: 1 })
      for (;;) {
        try {
          expect(await token(server.url, agent)).toBe(200)
          answers++
        } catch (thrown) {
          refused.push(thrown instanceof Error && 'code' in thrown ? thrown.code : thrown)
          return
        }
      }
    }
    const workers = Array.from({ length: 16 }, work)
    while (answers < 200) await token(server.url, new Agent())
    await stopping('SIGTERM')
    await Promise.all(workers)
    expect(refused).toEqual(Array(16).fill('ECONNREFUSED'))
    expect((await server.ended).code).toBe(0)
  })
})

describe('the same signal twice in a moment', () => {
  it('is one: terminals and launchers both send it', async () => {
    const login = await loginUnderway(server)
    await stopping('SIGINT')
    server.child.kill('SIGINT')
    expect((await fetch(`${server.adminUrl}/readyz`)).status).toBe(503)
    expect((await login.finish()).status).toBe(200)
    expect((await server.ended).code).toBe(0)
  })
})

describe('T195 a second signal', () => {
  it('ends the server at once, with 1', async () => {
    await loginUnderway(server)
    await stopping('SIGTERM')
    server.child.kill('SIGINT')
    const { code, stdout } = await server.ended
    expect(code).toBe(1)
    expect(stdout).toContain('"reason":"another SIGINT","msg":"stopped before everything was finished"')
  })
})

describe('T195 a request that does not come to its end', () => {
  it('is not waited for longer than 10 seconds', async () => {
    await loginUnderway(server)
    const begun = performance.now()
    await stopping('SIGTERM')
    const { code, stdout } = await server.ended
    expect(code).toBe(1)
    expect(stdout).toContain('"reason":"the grace time is over"')
    expect(performance.now() - begun).toBeLessThan(13_000)
  })
})

describe('T198 a bug that nobody caught', () => {
  it.each([
    ['a rejection', `Promise.reject(new Error('planted'))`],
    ['an exception', `setImmediate(() => { throw new Error('planted') })`],
  ])('%s is logged and ends the server with 1; the next one goes on where it was', async (_what, code) => {
    const plant = `data:text/javascript,process.on('SIGUSR2',()=>{${code}})`
    const buggy = await place.serve(['--admin-port', '0'], { env: { NODE_OPTIONS: `--import="${plant}"` } })
    const form = { ...SYNC, grant_type: 'client_credentials', scope: 'read' }
    const { access_token } = await postJson(`${buggy.url}/spree_oauth/token`, form)
    buggy.child.kill('SIGUSR2')
    const { code: exitCode, stdout } = await buggy.ended
    expect(exitCode).toBe(1)
    const last = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '')
    expect(last).toMatchObject({ level: 'error', msg: 'stopped by a bug', error: { message: 'planted' } })
    const next = await place.serve(['--admin-port', '0'])
    const answer = await postJson(`${next.url}/spree_oauth/introspect`, { ...SYNC, token: access_token })
    expect(answer.active).toBe(true)
    next.child.kill('SIGTERM')
    expect((await next.ended).code).toBe(0)
  })
})

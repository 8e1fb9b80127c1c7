import { Agent, request } from 'node:http'
import { type AddressInfo, connect, createServer } from 'node:net'
import { json } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  CONFIGURATION,
  createWorkplace,
  freePort,
  type RunningServer,
  type Workplace,
} from '../cli/workplace.ts'

const SYNC = { client_id: 'sync', client_secret: 'canary-secret-of-the-sync-client-0123456789' }
const FORM = { 'Content-Type': 'application/x-www-form-urlencoded' }

let place: Workplace
beforeEach(() => {
  place = createWorkplace()
  place.write('mintkeeper.yaml', CONFIGURATION)
})
afterEach(() => place.remove())

interface Answer {
  readonly status: number
  readonly connection: string | null
  // biome-ignore lint/suspicious/noExplicitAny: tests look at answers freely
  readonly body: any
}

/** Posts a form over connections that are kept. */
type Client = (url: string, form: Readonly<Record<string, string>>) => Promise<Answer>

/** Node's own client, with one connection. */
function agentClient(): Client {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  return (url, form) =>
    new Promise((resolve, reject) => {
      request(url, { agent, method: 'POST', headers: FORM })
        .on('response', async (response) => {
          const connection = response.headers.connection ?? null
          try {
            resolve({ status: response.statusCode ?? 0, connection, body: await json(response) })
          } catch (cause) {
            reject(cause)
          }
        })
        .on('error', reject)
        .end(new URLSearchParams(form).toString())
    })
}

/** undici, which keeps a pool of connections. */
const fetchClient: Client = async (url, form) => {
  const response = await fetch(url, { method: 'POST', body: new URLSearchParams(form) })
  const connection = response.headers.get('connection')
  return { status: response.status, connection, body: await response.json() }
}

/** Why a request was not answered: the code of the connection's error. */
function codeOf(thrown: unknown): unknown {
  const cause = thrown instanceof Error && thrown.cause !== undefined ? thrown.cause : thrown
  return cause instanceof Error && 'code' in cause ? cause.code : cause
}

/** What a server was asked and has answered with 200. */
interface Load {
  /** Whether clients go on. */
  working: boolean
  answers: number
  readonly access: string[]
  /** The last refresh token of each client that refreshes. */
  readonly refresh: string[]
  /** What became of requests that were not answered. */
  readonly failures: unknown[]
}

/** Of each client one that asks for tokens of its own, and one that logs in and refreshes, until they fail. */
async function startLoad(url: string, clients: readonly Client[]) {
  const load: Load = { working: true, answers: 0, access: [], refresh: [], failures: [] }

  async function ask(client: Client, path: string, form: Readonly<Record<string, string>>) {
    const { status, body } = await client(url + path, { ...SYNC, ...form })
    if (status !== 200) throw new Error(`${path} was answered ${status}`)
    load.answers++
    load.access.push(body.access_token)
    return body
  }
  async function work(request: () => Promise<unknown>): Promise<void> {
    while (load.working) {
      try {
        await request()
      } catch (thrown) {
        load.failures.push(codeOf(thrown))
        return
      }
    }
  }
  const workers: Promise<void>[] = []
  for (const client of clients) {
    const slot = load.refresh.push('') - 1
    const refresh = async (form: Readonly<Record<string, string>>) => {
      load.refresh[slot] = (await ask(client, '/spree_oauth/token', form)).refresh_token
    }
    await refresh({ grant_type: 'password', username: 'joe@example.com', password: 'canary-password-of-joe' })
    workers.push(
      work(() => refresh({ grant_type: 'refresh_token', refresh_token: load.refresh[slot] ?? '' })),
      work(() => ask(client, '/oauth/token', { grant_type: 'client_credentials' })),
    )
  }
  return { load, ended: Promise.all(workers) }
}

/** Every JWT is live, and each family goes on where it was. */
async function expectAllThere({ url }: RunningServer, { access, refresh }: Load): Promise<void> {
  for (const token of access.filter((text) => text.includes('.'))) {
    expect((await fetchClient(`${url}/oauth/introspect`, { ...SYNC, token })).body.active).toBe(true)
  }
  for (const token of refresh) {
    const form = { ...SYNC, grant_type: 'refresh_token', refresh_token: token }
    expect((await fetchClient(`${url}/spree_oauth/token`, form)).status).toBe(200)
  }
}

/** How often in a row a balancer must hear that a server is not ready before it believes that. */
const UNREADY_CHECKS = 20

/** A balancer of connections: new ones go to the first server until it is known not to be ready, then to the second. */
async function startBalancer(first: RunningServer, second: RunningServer) {
  let target = first
  const server = createServer((socket) => {
    const upstream = connect(Number(new URL(target.url).port), '127.0.0.1')
    socket.pipe(upstream).pipe(socket)
    for (const [one, other] of [
      [socket, upstream],
      [upstream, socket],
    ] as const)
      one.on('error', () => other.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const watched = (async () => {
    for (let unready = 0; unready < UNREADY_CHECKS; ) {
      unready = (await fetch(`${first.adminUrl}/readyz`)).status === 200 ? 0 : unready + 1
    }
    target = second
  })()
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    watched,
    close: () => server.close(),
  }
}

describe('T195 SIGTERM under the load of clients that keep their connections', () => {
  it('behind a balancer, with time to drain, fails no request at all', async () => {
    const [one, other] = [String(await freePort()), String(await freePort())]
    const first = await place.serve(['--admin-port', one, '--drain-seconds', '2'])
    const second = await place.serve(['--admin-port', other])
    const balancer = await startBalancer(first, second)
    const clients = [...Array.from({ length: 4 }, agentClient), ...Array<Client>(4).fill(fetchClient)]
    const { load, ended } = await startLoad(balancer.url, clients)
    while (load.answers < 300) await new Promise((resolve) => setImmediate(resolve))
    first.child.kill('SIGTERM')
    expect((await first.ended).code).toBe(0)
    await balancer.watched
    const served = load.answers
    while (load.answers < served + 100) await new Promise((resolve) => setImmediate(resolve))
    load.working = false
    await ended
    expect(load.failures).toEqual([])
    await expectAllThere(second, load)
    balancer.close()
    second.child.kill('SIGTERM')
    await second.ended
  })
})

describe('T195 server.drainSeconds', () => {
  async function startDraining(seconds: string): Promise<RunningServer> {
    const args = ['--drain-seconds', seconds, '--admin-port', String(await freePort())]
    const server = await place.serve(args)
    server.child.kill('SIGTERM')
    await server.said(/"msg":"stopping"/)
    return server
  }

  it('keeps the port open while readiness is 503 already, and says that connections end', async () => {
    const server = await startDraining('1')
    expect((await fetch(`${server.adminUrl}/readyz`)).status).toBe(503)
    let served = 0
    for (;;) {
      try {
        // A new connection each time, as of who has not noticed yet.
        const answer = await agentClient()(`${server.url}/oauth/token`, {
          ...SYNC,
          grant_type: 'client_credentials',
        })
        expect([answer.status, answer.connection]).toEqual([200, 'close'])
        served++
      } catch (thrown) {
        // The very connection that was on its way when the port was closed may be reset.
        expect(codeOf(thrown)).toMatch(/^(ECONNREFUSED|ECONNRESET)$/)
        break
      }
    }
    expect(served).toBeGreaterThan(1)
    expect((await server.ended).code).toBe(0)
  })

  it('is cut short by a second signal', async () => {
    const server = await startDraining('300')
    server.child.kill('SIGINT')
    expect((await server.ended).code).toBe(1)
  })
})

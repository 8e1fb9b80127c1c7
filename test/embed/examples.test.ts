/** The programs of examples/, run as they are. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { type RunningServer, startServer } from '../clients/server.ts'
import { DOCUMENT_CLIENT, OPAQUE_CLIENT, RESOURCE_SERVER } from '../clients/tenant.ts'
import { basic, form, sendTo } from './exchange.ts'
import {
  createTemporaryDirectory,
  findFreePort,
  ROOT,
  type RunningProgram,
  startProgram,
  type TemporaryDirectory,
} from './program.ts'

let program: RunningProgram | null = null
let directory: TemporaryDirectory | null = null
afterEach(async () => {
  await program?.stop()
  directory?.remove()
  program = null
})

/** Starts an example in a directory of its own; where it listens. */
async function startExample(name: string, env: Readonly<Record<string, string>> = {}): Promise<string> {
  directory = createTemporaryDirectory()
  const port = await findFreePort()
  program = await startProgram({
    args: [join(ROOT, 'examples', name)],
    cwd: directory.path,
    env: { PORT: String(port), ...env },
    until: new RegExp(`http://localhost:${port}/\n`),
  })
  return `http://127.0.0.1:${port}`
}

test('each example has a test here', () => {
  // That of cluster/ is in test/examples/.
  const names = readdirSync(join(ROOT, 'examples')).sort()
  expect(names).toEqual(['cluster', 'express.ts', 'hono.ts', 'resource-server.ts'])
})

const WAREHOUSE = { id: 'warehouse-sync', secret: 'example-only-secret-of-the-warehouse-sync' }

describe.each(['express.ts', 'hono.ts'])('%s', (name) => {
  test('answers at its own route and at those of Mintkeeper, and stops', async () => {
    const send = sendTo(await startExample(name))
    expect((await send({ method: 'GET', path: '/' })).body).toBe('A shop.\n')
    const token = await send(form('/oauth/token', { grant_type: 'client_credentials' }, basic(WAREHOUSE)))
    expect(JSON.parse(token.body)).toMatchObject({ token_type: 'Bearer', scope: 'orders:read' })
    expect((await send({ method: 'GET', path: '/nothing' })).status).toBe(404)
    expect(await program?.stop()).toBe(0)
  })
})

test('express.ts logs users in by the spree surface, and writes a line a request', async () => {
  const send = sendTo(await startExample('express.ts'))
  const login = { grant_type: 'password', username: 'spree@example.com', password: 'spree123' }
  expect((await send(form('/spree_oauth/token', login))).status).toBe(200)
  await program?.output(/"surface":"spree","endpoint":"token","grant":"password"/)
})

describe('resource-server.ts', () => {
  let server: RunningServer
  afterEach(() => server.close())

  async function start() {
    server = await startServer()
    const api = await startExample('resource-server.ts', {
      ISSUER: server.issuer,
      CLIENT_ID: RESOURCE_SERVER.id,
      CLIENT_SECRET: RESOURCE_SERVER.secret,
    })
    const call = (authorization: string) =>
      sendTo(api)({ method: 'GET', path: '/orders', headers: { authorization } })
    const authorizationServer = sendTo(server.origin)
    async function token(client: { id: string; secret: string }, surface = '/oauth'): Promise<string> {
      const grant = { grant_type: 'client_credentials', scope: 'admin' }
      const answer = await authorizationServer(form(`${surface}/token`, grant, basic(client)))
      return JSON.parse(answer.body).access_token
    }
    return { call, token, authorizationServer }
  }

  test('takes a JWT and an opaque token, and asks for neither twice what it can know', async () => {
    const { call, token } = await start()
    const jwt = await token(DOCUMENT_CLIENT)
    expect(await call(`Bearer ${jwt}`)).toMatchObject({
      status: 200,
      body: JSON.stringify({ orders: [], readBy: DOCUMENT_CLIENT.id }),
    })
    expect(server.entries.map(({ endpoint }) => endpoint)).not.toContain('introspection')
    const opaque = await token(DOCUMENT_CLIENT, '/spree_oauth')
    expect((await call(`Bearer ${opaque}`)).status).toBe(200)
    expect(server.entries.at(-1)).toMatchObject({ endpoint: 'introspection', outcome: 'ok' })
  })

  test('sees the revocation of an opaque token at once, and that of a JWT not at all', async () => {
    const { call, token, authorizationServer } = await start()
    for (const [surface, status] of [
      ['/spree_oauth', 401],
      ['/oauth', 200],
    ] as const) {
      const text = await token(DOCUMENT_CLIENT, surface)
      expect((await call(`Bearer ${text}`)).status).toBe(200)
      await authorizationServer(form(`${surface}/revoke`, { token: text }, basic(DOCUMENT_CLIENT)))
      expect((await call(`Bearer ${text}`)).status).toBe(status)
    }
  })

  test('refuses no token, a wrong one and one without the scope', async () => {
    const { call, authorizationServer } = await start()
    expect((await call('')).status).toBe(401)
    expect((await call('Bearer unknown')).headers.get('www-authenticate')).toBe(
      'Bearer error="invalid_token"',
    )
    const jwt = `${btoa('{"alg":"RS256"}')}.${btoa('{}')}.AAAA`.replaceAll('=', '')
    expect((await call(`Bearer ${jwt}`)).status).toBe(401)
    const grant = { grant_type: 'client_credentials' }
    const answer = await authorizationServer(form('/oauth/token', grant, basic(OPAQUE_CLIENT)))
    expect((await call(`Bearer ${JSON.parse(answer.body).access_token}`)).status).toBe(403)
  })

  test('says 503 when it can not ask', async () => {
    const { call, token } = await start()
    const opaque = await token(DOCUMENT_CLIENT, '/spree_oauth')
    const wasRunning = server
    await wasRunning.close()
    expect((await call(`Bearer ${opaque}`)).status).toBe(503)
    server = await startServer()
  })
})

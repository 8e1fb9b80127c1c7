import { createServer } from 'node:http'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { expect, it, onTestFinished } from 'vitest'
import { adminHandler } from '../../../src/cli/serve/admin-plane.ts'
import { parseConfig } from '../../../src/config/load.ts'
import { SILENT_LOG } from '../../../src/log/log.ts'
import { createMetrics } from '../../../src/log/metrics.ts'
import { type Mintkeeper, openMintkeeper } from '../../../src/server.ts'
import { type Listening, listen } from '../../listen.ts'
import { createWorkplace } from '../workplace.ts'

const ADMIN_TOKEN = 'a-test-admin-token-0123456789'

/** A server of one tenant on a database that others may use too. Its clock stands still, so it never asks by itself. */
async function start(database: string, tenant: string) {
  const { config } = parseConfig({
    database,
    adminToken: ADMIN_TOKEN,
    tenants: [
      {
        ...{ id: tenant, hosts: [`${tenant}.example`], issuer: `https://${tenant}.example/` },
        signingAlgorithm: 'ES256',
        surfaces: { standard: {} },
        clients: [{ id: 'sync', secret: 'the-secret-of-the-sync-client', grants: ['client_credentials'] }],
      },
    ],
  })
  const mintkeeper = await openMintkeeper(config, { clock: () => 1_767_225_600_000 })
  onTestFinished(() => mintkeeper.close())
  return { config, mintkeeper }
}

/** On a port of its own, which goes with the test. */
async function adminPlaneOf({ config, mintkeeper }: Awaited<ReturnType<typeof start>>): Promise<Listening> {
  const handler = await adminHandler(mintkeeper, {
    config,
    log: SILENT_LOG,
    metrics: createMetrics(),
    adminTokenNotice: { show: () => {}, takeBack: () => {} },
    isServing: () => true,
  })
  const listening = await listen(createServer(handler))
  onTestFinished(listening.close)
  return listening
}

async function tokenOf(mintkeeper: Mintkeeper, tenant: string): Promise<string> {
  const response = await mintkeeper.fetch(
    new Request(`https://${tenant}.example/oauth/token`, {
      method: 'POST',
      body: new URLSearchParams({
        ...{
          grant_type: 'client_credentials',
          client_id: 'sync',
          client_secret: 'the-secret-of-the-sync-client',
        },
      }),
    }),
  )
  expect(response.status).toBe(200)
  return ((await response.json()) as { access_token: string }).access_token
}

it('T043 a token of a tenant that another server has stored just now can be revoked', async () => {
  const place = createWorkplace()
  onTestFinished(() => place.remove())
  const database = `sqlite:${place.path('mintkeeper.db')}`
  const one = await start(database, 'one')
  const other = await start(database, 'other')
  const token = await tokenOf(other.mintkeeper, 'other')
  const { origin } = await adminPlaneOf(one)
  const revoke = (tenant: string, text: string) =>
    fetch(`${origin}/admin/v1/tenants/${tenant}/revocations`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${ADMIN_TOKEN}`, 'Content-Type': 'application/json' },
      body: JSON.stringify({ token: text }),
    })
  expect((await revoke('other', token)).status).toBe(204)
  for (const [tenant, text] of [
    ['one', token],
    ['other', `${token}x`],
    ['nobody', token],
  ] as const) {
    const refused = await revoke(tenant, text)
    expect([tenant, refused.status, await refused.json()]).toMatchObject([
      ...[tenant, 404],
      { type: 'urn:mintkeeper:problem:not_found' },
    ])
  }
})

it('a health check in HTTP/1.0, without Host, is answered', async () => {
  const place = createWorkplace()
  onTestFinished(() => place.remove())
  const { port } = await adminPlaneOf(await start(`sqlite:${place.path('mintkeeper.db')}`, 'one'))
  const socket = connect(port, '127.0.0.1')
  // Not ended by us: Node gives up on who goes away before the answer.
  socket.write('GET /readyz HTTP/1.0\r\n\r\n')
  expect(await text(socket)).toMatch(/^HTTP\/1\.1 200 .*\{"status":"ok"\}$/s)
})

it('a request may leave its body out, or not say how long it is', async () => {
  const place = createWorkplace()
  onTestFinished(() => place.remove())
  const { port } = await adminPlaneOf(await start(`sqlite:${place.path('mintkeeper.db')}`, 'one'))
  const post = async (path: string, headers: string, body = '') => {
    const socket = connect(port, '127.0.0.1')
    socket.write(
      `POST /admin/v1/tenants/one/${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer ${ADMIN_TOKEN}\r\n${headers}\r\n${body}`,
    )
    const answer = await text(socket)
    return { status: Number(answer.slice(9, 12)), answer }
  }
  // As `curl -X POST` does.
  expect((await post('brown-outs/nothing/end', '')).status).toBe(404)
  const chunked = 'Transfer-Encoding: chunked\r\nContent-Type: application/json\r\n'
  const chunksOf = (...chunks: string[]) =>
    [...chunks, ''].map((chunk) => `${chunk.length.toString(16)}\r\n${chunk}\r\n`).join('')
  const created = await post('users', chunked, chunksOf('{"username":', '"ann"}'))
  expect([created.status, created.answer]).toEqual([201, expect.stringContaining('"username":"ann"')])
  const refused = await post('users', chunked, chunksOf('x'.repeat(65_537)))
  expect([refused.status, refused.answer]).toEqual([413, expect.stringContaining('at most 65536 bytes')])
})

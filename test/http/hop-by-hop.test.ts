/**
 * T142: a client can name headers in `Connection` that the proxy then takes away (RFC 9110 §7.6.1), its own
 * `X-Forwarded-For` among them. What is left is the proxy, which counts as the source: no limit is lost.
 */
import { createServer, request as httpRequest, type Server } from 'node:http'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Origin } from '../../src/http/app.ts'
import { createOriginOf } from '../../src/http/edges/forwarded.ts'
import { createMintkeeper, type Mintkeeper, type RequestEntry } from '../../src/index.ts'
import { SILENT_LOG } from '../../src/log/log.ts'
import { sourceOf } from '../../src/protocol/source.ts'
import { type Listening, listen } from '../listen.ts'

const SECRET = 'the-secret-of-the-shop-that-nobody-can-guess'
const FORM = `grant_type=client_credentials&client_id=shop&client_secret=${SECRET}`
const CLIENT = '203.0.113.9'

let mintkeeper: Mintkeeper
let server: Listening
let proxy: Listening
const entries: RequestEntry[] = []

/** As RFC 9110 §7.6.1 wants it: says from whom the request is, then removes what `Connection` names. */
function proxyOf(to: Listening): Server {
  return createServer((incoming, outgoing) => {
    const headers = { ...incoming.headers, 'x-forwarded-for': CLIENT, 'x-forwarded-host': 'shop.example' }
    const named = String(incoming.headers.connection ?? '')
      .toLowerCase()
      .split(',')
    for (const name of ['connection', 'keep-alive', ...named]) Reflect.deleteProperty(headers, name.trim())
    const passed = httpRequest(
      { port: to.port, host: '127.0.0.1', path: incoming.url, method: 'POST', headers, agent: false },
      (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
        answer.pipe(outgoing)
      },
    )
    incoming.pipe(passed)
  })
}

beforeAll(async () => {
  mintkeeper = await createMintkeeper(
    {
      database: 'memory:',
      masterKey: Buffer.alloc(32, 7).toString('base64'),
      server: { trustedProxies: ['127.0.0.1'] },
      defaultTenant: 'shop',
      tenants: [
        {
          id: 'shop',
          hosts: ['shop.example'],
          issuer: 'https://shop.example/',
          signingAlgorithm: 'ES256',
          clients: [{ id: 'shop', secret: SECRET, grants: ['client_credentials'], scopes: [] }],
        },
      ],
    },
    { log: { ...SILENT_LOG, request: (entry) => entries.push(entry) } },
  )
  server = await listen(createServer(mintkeeper.node))
  proxy = await listen(proxyOf(server))
})
beforeEach(() => {
  entries.length = 0
})
afterAll(async () => {
  for (const { close } of [proxy, server, mintkeeper]) await close()
})

async function send(headers: Readonly<Record<string, string>>): Promise<RequestEntry | undefined> {
  const { port } = proxy
  const body = await new Promise<string>((resolve, reject) => {
    const all = { 'Content-Type': 'application/x-www-form-urlencoded', ...headers }
    const path = '/oauth/token'
    httpRequest({ port, host: '127.0.0.1', path, method: 'POST', headers: all, agent: false }, (answer) =>
      resolve(text(answer)),
    )
      .on('error', reject)
      .end(FORM)
  })
  expect(body).toContain('access_token')
  return entries.at(-1)
}

describe('T142 behind a proxy that removes what Connection names', () => {
  test('a request is from whom the proxy says', async () => {
    expect((await send({}))?.source).toBe(CLIENT)
    expect((await send({ 'X-Forwarded-For': '198.51.100.1' }))?.source).toBe(CLIENT)
  })

  test.each([
    'X-Forwarded-For',
    'close, x-forwarded-for',
    'X-FORWARDED-FOR',
    'x-forwarded-for,x-forwarded-host',
  ])('Connection: %s makes the proxy its source, not nobody', async (connection) => {
    const source = (await send({ Connection: connection, 'X-Forwarded-For': '198.51.100.1' }))?.source ?? null
    expect(source).toBe('127.0.0.1')
    expect(sourceOf(source)).toBe('127.0.0.1')
  })
})

describe('T142 whatever headers are left, a trusted proxy names a source', () => {
  const originOf = createOriginOf(['127.0.0.1', '2001:db8::/32'])
  const NAMES = ['x-forwarded-for', 'x-forwarded-host', 'forwarded', 'x-real-ip', 'connection', 'host']

  test.each(['127.0.0.1', '::ffff:127.0.0.1', '2001:db8::1'])('%s', (peer) => {
    for (let mask = 0; mask < 2 ** NAMES.length; mask++) {
      const left = new Map(NAMES.filter((_, bit) => mask & (1 << bit)).map((name) => [name, '127.0.0.1']))
      const { source }: Origin = originOf(peer, (name) => left.get(name))
      expect(source).toBe(peer.replace('::ffff:', ''))
    }
  })
})

/** Section G and H of the security tests, on a real socket: what only `node:http` and its edge can do wrong. */
import { once } from 'node:events'
import { connect as connectHttp2, createServer as createHttp2Server } from 'node:http2'
import { gzipSync } from 'node:zlib'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createApp } from '../../src/http/app.ts'
import { createOriginOf } from '../../src/http/edges/forwarded.ts'
import { createNodeHandler, type NodeHandler } from '../../src/http/edges/node.ts'
import { createTurn } from '../../src/http/edges/turn.ts'
import { createTenantDirectory } from '../../src/http/tenant.ts'
import { createLog } from '../../src/log/log.ts'
import { SURFACES } from '../../src/surfaces/index.ts'
import { createHarness, TENANT } from '../harness.ts'
import { listen as listenWith } from '../listen.ts'
import { listen, parse, request, type Wire } from './wire.ts'

const SECRET = 'the-secret-of-the-shop-that-nobody-can-guess'
const PASSWORD = 'V3lC4EvMV1X5h3HsB_VU'
const FORM = { 'Content-Type': 'application/x-www-form-urlencoded' }
const GRANT = `grant_type=client_credentials&client_id=shop&client_secret=${SECRET}`
const ISSUER = 'https://main.example/'

const tenants = ['main', 'other'].map((id) => ({
  ...TENANT,
  ...{ id, hosts: [`${id}.example`], issuer: `https://${id}.example/`, signingAlgorithm: 'ES256' as const },
}))
const harness = createHarness({ tenants })

let lines: Readonly<Record<string, unknown>>[] = []
const unhandled: unknown[] = []
const noteUnhandled = (reason: unknown) => void unhandled.push(reason)

let handler: NodeHandler
let wire: Wire
let behindProxy: Wire

beforeAll(async () => {
  await harness.client({ id: 'shop', secret: SECRET })
  await harness.user({ username: 'ann', password: PASSWORD })
  const directory = createTenantDirectory(tenants, SURFACES, { defaultTenant: null, baseDomains: [] })
  const log = createLog('trace', { write: (line) => void lines.push(JSON.parse(line)) })
  const app = createApp({ services: harness.services, directory: () => directory, log })
  handler = createNodeHandler(app, createOriginOf([]), createTurn())
  wire = await listen(handler)
  behindProxy = await listen(
    createNodeHandler(app, createOriginOf(['127.0.0.1', '10.0.0.0/8']), createTurn()),
  )
  process.on('unhandledRejection', noteUnhandled)
})
beforeEach(() => {
  lines = []
})
afterEach(async () => {
  await wire.idle()
  expect(unhandled).toEqual([])
})
afterAll(async () => {
  process.off('unhandledRejection', noteUnhandled)
  await wire.close()
  await behindProxy.close()
})

const post = async (body: string, headers = {}, path = '/oauth/token') =>
  parse(await wire.raw(request(`POST ${path}`, { ...FORM, ...headers }, body)))

/** One chunk of a chunked body. */
const chunk = (text: string) => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`

describe('bodies', () => {
  test('in chunks of one byte each, also inside of a character', async () => {
    const connection = await wire.open()
    connection.send(
      request('POST /oauth/token', { ...FORM, 'Transfer-Encoding': 'chunked', 'Content-Length': '' }).replace(
        'Content-Length: \r\n',
        '',
      ),
    )
    for (const byte of Buffer.from(`${GRANT}&x=ü`))
      connection.send(Buffer.concat([Buffer.from('1\r\n'), Buffer.of(byte), Buffer.from('\r\n')]))
    connection.send('0\r\n\r\n')
    expect(parse(await connection.closed).status).toBe(200)
  })

  test('with extensions and trailers of chunks', async () => {
    const head = request('POST /oauth/token', { ...FORM, 'Transfer-Encoding': 'chunked' }).replace(
      'Content-Length: 0\r\n',
      '',
    )
    const body = `${GRANT.length.toString(16)};a=b\r\n${GRANT}\r\n0\r\nAuthorization: Basic eDp5\r\n\r\n`
    expect(parse(await wire.raw(head + body)).status).toBe(200)
  })

  test('Expect: 100-continue', async () => {
    const connection = await wire.open()
    const [head = '', body = ''] = request(
      'POST /oauth/token',
      { ...FORM, Expect: '100-continue' },
      GRANT,
    ).split('\r\n\r\n')
    connection.send(`${head}\r\n\r\n`)
    expect(await connection.until(/\r\n\r\n/)).toBe('HTTP/1.1 100 Continue\r\n\r\n')
    connection.send(body)
    expect(parse((await connection.closed).slice('HTTP/1.1 100 Continue\r\n\r\n'.length)).status).toBe(200)
  })

  test('an expectation nobody knows', async () => {
    expect((await post(GRANT, { Expect: 'x' })).status).toBe(417)
  })

  test.each([
    ['/oauth/token', 64 * 1024],
    ['/spree_oauth/token', 64 * 1024],
    ['/v0/token', 16 * 1024],
  ])('T126 %s reads %i bytes and not one more', async (path, limit) => {
    const login = `grant_type=password&username=ann&password=${PASSWORD}&x=`
    const body = path === '/oauth/token' ? `${GRANT}&x=` : login
    const filled = (size: number) => body + 'x'.repeat(size - body.length)
    expect((await post(filled(limit), {}, path)).status).toBe(200)
    const refused = await post(filled(limit + 1), {}, path)
    expect([refused.status, refused.headers.get('connection')]).toEqual([413, 'close'])
  })

  test('T126 one that is announced too large is not waited for, and the connection ends', async () => {
    const connection = await wire.open()
    connection.send(
      request('POST /oauth/token', { ...FORM, Connection: 'keep-alive', 'Content-Length': '65537' }),
    )
    const answer = parse(await connection.closed)
    expect([answer.status, answer.headers.get('connection')]).toEqual([413, 'close'])
    expect(JSON.parse(answer.body).error).toBe('invalid_request')
  })

  test('T126 one that turns out too large ends the connection, and what follows is not read', async () => {
    const connection = await wire.open()
    connection.send(
      request('POST /oauth/token', {
        ...FORM,
        Connection: 'keep-alive',
        'Transfer-Encoding': 'chunked',
      }).replace('Content-Length: 0\r\n', ''),
    )
    connection.send(chunk('x'.repeat(64 * 1024 + 1)))
    const received = await connection.closed
    expect(parse(received)).toMatchObject({ status: 413 })
    expect(parse(received).headers.get('connection')).toBe('close')
    expect(received.match(/HTTP\/1\.1/g)).toHaveLength(1)
    expect(lines).toHaveLength(1)
  })

  test('a compressed one is not unpacked', async () => {
    const bomb = gzipSync(Buffer.alloc(10_000_000, `${GRANT}&`))
    const head = request('POST /oauth/token', {
      ...FORM,
      'Content-Encoding': 'gzip',
      'Content-Length': String(bomb.length),
    })
    expect(parse(await wire.raw(Buffer.concat([Buffer.from(head), bomb]))).status).toBe(400)
  })

  test.each([
    ['/oauth/token', 400],
    ['/v0/token', 400],
    ['/spree_oauth/token', 400],
    ['/auth/realms/main/protocol/openid-connect/token', 400],
  ])('R023 bytes that are not UTF-8 at %s', async (path, status) => {
    for (const bytes of [[0xff], [0xc3], [0xc0, 0xaf], [0xed, 0xa0, 0x80], [0xf5, 0x80, 0x80, 0x80]]) {
      const body = Buffer.concat([Buffer.from(`${GRANT}&x=`), Buffer.from(bytes)])
      const head = request(`POST ${path}`, {
        ...FORM,
        Accept: 'application/json',
        'Content-Length': String(body.length),
      })
      const answer = parse(await wire.raw(Buffer.concat([Buffer.from(head), body])))
      expect(answer.status).toBe(status)
      expect(JSON.parse(answer.body)).toBeTypeOf('object')
      expect(lines.at(-1)).toMatchObject({ reason: 'body_not_utf8', outcome: 'malformed_body' })
    }
  })

  test.each(['/.well-known/jwks.json', '/.well-known/openid-configuration', '/spree_oauth/token/info'])(
    'of a GET %s is not read, and does not become the next request',
    async (path) => {
      const smuggled = request('POST /oauth/token', FORM, GRANT)
      const received = await wire.raw(request(`GET ${path}`, { Connection: 'keep-alive' }, smuggled))
      expect(received.match(/HTTP\/1\.1 \d+/g)).toHaveLength(1)
      expect(parse(received).headers.get('connection')).toBe('close')
      expect(lines.map(({ outcome, grant }) => [outcome, grant])).toEqual([[expect.any(String), null]])
    },
  )

  test('one connection, many requests', async () => {
    const connection = await wire.open()
    const keep = { ...FORM, Connection: 'keep-alive' }
    connection.send([1, 2, 3].map(() => request('POST /oauth/token', keep, GRANT)).join(''))
    connection.send(request('POST /oauth/token', FORM, GRANT))
    expect((await connection.closed).match(/HTTP\/1\.1 \d+/g)).toEqual(
      Array.from({ length: 4 }, () => 'HTTP/1.1 200'),
    )
  })
})

describe('methods', () => {
  test.each(['HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE', 'PATCH', 'PROPFIND', 'GET'])(
    'T129 %s /oauth/token',
    async (method) => {
      const answer = parse(await wire.raw(request(`${method} /oauth/token`, { 'X-Echo': 'echoed' })))
      expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'POST'])
      expect(answer.headers.get('access-control-allow-origin')).toBeNull()
      expect(answer.body).not.toContain('echoed')
      expect(answer.body === '').toBe(method === 'HEAD')
    },
  )

  test('T129 OPTIONS *, CONNECT and those that are none', async () => {
    expect(parse(await wire.raw(request('OPTIONS *'))).status).toBe(404)
    expect(await wire.raw(request('CONNECT main.example:443'))).toBe('')
    expect(parse(await wire.raw(request('NONSENSE /oauth/token'))).status).toBe(400)
    expect(lines).toHaveLength(1)
  })
})

describe('hosts', () => {
  const METADATA = 'GET /.well-known/oauth-authorization-server'

  test('T140 the absolute form of a target changes nothing', async () => {
    const plain = parse(await wire.raw(request(METADATA)))
    expect(JSON.parse(plain.body)).toMatchObject({ issuer: ISSUER, token_endpoint: `${ISSUER}oauth/token` })
    const absolute = parse(
      await wire.raw(request('GET http://main.example/.well-known/oauth-authorization-server')),
    )
    expect(absolute.body).toBe(plain.body)
    const query = parse(
      await wire.raw(request('GET http://main.example/.well-known/oauth-authorization-server?x=/v0/token')),
    )
    expect(query.body).toBe(plain.body)
  })

  test('T140 nor do the headers of a proxy that is none', async () => {
    const plain = parse(await wire.raw(request(METADATA)))
    const headers = {
      ...{ 'X-Forwarded-Host': 'other.example', 'X-Forwarded-Proto': 'http', 'X-Forwarded-Port': '81' },
      ...{
        Forwarded: 'host=other.example;proto=http',
        'X-Original-URL': '/v0/token',
        'X-Rewrite-URL': '/v0/token',
      },
      ...{ 'X-Host': 'other.example', 'X-HTTP-Method-Override': 'POST', 'X-Forwarded-Prefix': '/x' },
    }
    expect(parse(await wire.raw(request(METADATA, headers))).body).toBe(plain.body)
  })

  test('T140 two Host headers are no request (RFC 9112 §3.2)', async () => {
    for (const [one, two] of [
      ['main.example', 'other.example'],
      ['other.example', 'main.example'],
      ['main.example', 'main.example'],
      ['main.example', ''],
    ]) {
      const text = request(METADATA, { Host: one!, host: two! })
      expect(text.match(/^host:/gim)).toHaveLength(2)
      const answer = parse(await wire.raw(text))
      expect([answer.status, answer.headers.get('connection'), answer.body]).toEqual([400, 'close', ''])
    }
    expect(lines).toEqual([])
  })

  test('none at all is no request either, but in HTTP/1.0', async () => {
    const without = request(METADATA).replace('Host: main.example\r\n', '')
    expect(parse(await wire.raw(without)).status).toBe(400)
    const old = await wire.raw(without.replace('HTTP/1.1', 'HTTP/1.0'))
    expect(parse(old).status).toBe(404)
    expect(lines).toMatchObject([{ reason: 'unknown_host', tenant: null }])
  })

  test.each(['main.example', 'MAIN.example', 'main.example:8443', 'main.example.'])('%s', async (host) => {
    expect(parse(await wire.raw(request(METADATA, { Host: host }))).status).toBe(200)
  })

  test.each([
    'nobody.example',
    'main.example, other.example',
    'main.example other.example',
    'x@main.example',
    '"main.example"',
  ])('%s is nobody', async (host) => {
    expect([400, 404]).toContain(parse(await wire.raw(request(METADATA, { Host: host }))).status)
  })
})

test('in HTTP/2 a Host beside the authority counts for nothing', async () => {
  // The two modules' requests are alike, but not to the compiler.
  const server = createHttp2Server((incoming, outgoing) => void handler(incoming as never, outgoing as never))
  const { origin, close } = await listenWith(server)
  const session = connectHttp2(origin)
  try {
    const stream = session.request({
      ':path': '/.well-known/jwks.json',
      ':authority': 'main.example',
      host: 'other.example',
    })
    const [headers] = await once(stream, 'response')
    expect([headers[':status'], lines.at(-1)?.tenant]).toEqual([200, 'main'])
    stream.resume()
    await once(stream, 'close')
  } finally {
    session.close()
    await close()
  }
})

describe('behind a proxy', () => {
  const ask = async (headers: Readonly<Record<string, string>>) => {
    await behindProxy.raw(request('GET /.well-known/jwks.json', headers))
    const { tenant, source } = lines.at(-1)!
    return [tenant, source]
  }

  test('T141 its word counts, the client’s own does not', async () => {
    expect(await ask({})).toEqual(['main', '127.0.0.1'])
    expect(await ask({ 'X-Forwarded-Host': 'other.example' })).toEqual(['other', '127.0.0.1'])
    expect(await ask({ 'X-Forwarded-For': '1.1.1.1, 203.0.113.9, 10.0.0.1' })).toEqual([
      'main',
      '203.0.113.9',
    ])
    expect(await ask({ 'X-Forwarded-Host': 'evil.example, other.example' })).toEqual(['other', '127.0.0.1'])
  })

  test('T141 over more than one line', async () => {
    const headers = { 'X-Forwarded-For': '1.1.1.1', 'x-forwarded-for': '203.0.113.9' }
    expect(await ask(headers)).toEqual(['main', '203.0.113.9'])
  })

  test('without one it is hearsay', async () => {
    await wire.raw(
      request('GET /.well-known/jwks.json', {
        'X-Forwarded-For': '203.0.113.9',
        'X-Forwarded-Host': 'other.example',
      }),
    )
    expect(lines.at(-1)).toMatchObject({ tenant: 'main', source: '127.0.0.1' })
  })
})

describe('what is no HTTP (T128)', () => {
  const body = GRANT
  const head =
    'POST /oauth/token HTTP/1.1\r\nHost: main.example\r\nContent-Type: application/x-www-form-urlencoded\r\n'

  test.each([
    ['two lengths that differ', `${head}Content-Length: ${body.length}\r\nContent-Length: 1\r\n\r\n${body}`],
    [
      'a length and chunks',
      `${head}Content-Length: ${body.length}\r\nTransfer-Encoding: chunked\r\n\r\n${body}`,
    ],
    ['an unknown transfer encoding', `${head}Transfer-Encoding: x\r\n\r\n${body}`],
    ['chunked twice', `${head}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`],
    ['a space before a colon', `${head}Content-Length : ${body.length}\r\n\r\n${body}`],
    ['a folded header', `${head}X-A: b\r\n c\r\nContent-Length: ${body.length}\r\n\r\n${body}`],
    ['a bare carriage return', `${head}X-A: b\rContent-Length: ${body.length}\r\n\r\n${body}`],
    ['a NUL in a header', `${head}X-A: \0\r\nContent-Length: 0\r\n\r\n`],
    ['a length that is no number', `${head}Content-Length: 1x\r\n\r\n${body}`],
    ['a length below zero', `${head}Content-Length: -1\r\n\r\n${body}`],
    ['a chunk size that is no number', `${head}Transfer-Encoding: chunked\r\n\r\nxyz\r\n`],
    ['a space in the target', `POST /oauth/token x HTTP/1.1\r\nHost: main.example\r\n\r\n`],
    ['another protocol', 'SSH-2.0-OpenSSH_9.9\r\n\r\n'],
  ])('%s gets no answer but 400, and the connection ends', async (_, text) => {
    const answers = (await wire.raw(text)).match(/HTTP\/1\.1 \d+/g) ?? []
    expect(answers).toEqual(['HTTP/1.1 400'])
    expect(lines.filter(({ outcome }) => outcome === 'ok')).toEqual([])
  })
})

describe('clients that go away (T134)', () => {
  const whole = request(
    'POST /spree_oauth/token',
    FORM,
    `grant_type=password&username=ann&password=${PASSWORD}`,
  )
  const [head = ''] = whole.split('\r\n\r\n')

  test.each([
    ['in the middle of a head', whole.slice(0, 40), 0],
    ['before the body', `${head}\r\n\r\n`, 1],
    ['in the middle of a body', whole.slice(0, -5), 1],
    [
      'in the middle of a chunk',
      `${head.replace(/Content-Length: \d+/, 'Transfer-Encoding: chunked')}\r\n\r\n5\r\nab`,
      1,
    ],
    ['before the answer', whole, 1],
  ])('%s', async (_, text, perRequest) => {
    const count = 50
    for (const cut of ['destroy', 'resetAndDestroy'] as const) {
      const connections = await Promise.all(Array.from({ length: count / 2 }, () => wire.open()))
      for (const { socket } of connections) socket.write(text, () => socket[cut]())
      await Promise.all(connections.map(({ closed }) => closed))
    }
    await wire.idle()
    // A reset may come before anything was read.
    expect(lines.length).toBeGreaterThanOrEqual(perRequest === 1 ? count / 2 : 0)
    expect(lines.length).toBeLessThanOrEqual(count)
    for (const line of lines) {
      expect(line.level).not.toBe('error')
      expect(['ok', 'invalid_request']).toContain(line.outcome)
      if (line.outcome !== 'ok') expect(line.reason).toBe('request_aborted')
    }
    expect((await post(GRANT)).status).toBe(200)
  })
})

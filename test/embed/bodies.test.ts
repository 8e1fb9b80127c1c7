/** Bodies that are gone, or never come: the answer is an error that says so, and never a hang. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import { connect as connectHttp2, createServer as createHttp2Server } from 'node:http2'
import { connect } from 'node:net'
import { createAdaptorServer } from '@hono/node-server'
import express from 'express'
import { fastify } from 'fastify'
import { Hono } from 'hono'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { createLog, createMintkeeper, type Mintkeeper } from '../../src/index.ts'
import { createTestConfig, NEWSTORE_USER, OPAQUE_CLIENT, SPREE_USER } from '../clients/tenant.ts'
import { listen } from '../listen.ts'
import type { Embedded } from './embeddings.ts'
import { basic, type Exchange, form, json, type Send, sendTo, toAnswer, toRequest } from './exchange.ts'

let mintkeeper: Mintkeeper
/** Lines of the log, and who waits for the next one. */
let lines: Record<string, unknown>[] = []
let lineWritten: (() => void) | null = null

beforeAll(async () => {
  const log = createLog('info', {
    write(line) {
      lines.push(JSON.parse(line))
      lineWritten?.()
    },
  })
  mintkeeper = await createMintkeeper(createTestConfig('https://auth.example.com/'), { log })
})
afterAll(() => mintkeeper.close())
afterEach(() => {
  lines = []
})

const ADVICE =
  'The request body was read before Mintkeeper got the request. Mount Mintkeeper before body parsers, or leave the parsed body in request.body.'

/** Hosts that read the body and leave nothing, or nothing that helps. */
const HOSTS: Readonly<Record<string, () => Promise<Embedded>>> = {
  async 'Express: read to its end'() {
    return await expressHost(async (request, _response, next) => {
      for await (const _ of request);
      next()
    })
  },
  async 'Express: read in part'() {
    return await expressHost((request, _response, next) => {
      request.once('data', () => {
        request.pause()
        next()
      })
    })
  },
  async 'Express: multipart, parsed to an object'() {
    return await expressHost(async (request, _response, next) => {
      for await (const _ of request);
      request.headers['content-type'] = 'multipart/form-data; boundary=cut'
      request.body = { grant_type: 'password' }
      next()
    })
  },
  async 'Fastify: parsed, and not handed over'() {
    const app = fastify()
    app.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_, body, done) =>
      done(null, body),
    )
    app.all('/*', async (request, reply) => {
      reply.hijack()
      await mintkeeper.node(request.raw, reply.raw)
    })
    const origin = await app.listen({ host: '127.0.0.1', port: 0 })
    return { send: sendTo(origin), close: () => app.close() }
  },
  async 'Hono: parsed'() {
    const app = new Hono().all('*', async (context) => {
      await context.req.parseBody()
      await context.req.text()
      return await mintkeeper.fetch(context.req.raw)
    })
    return {
      send: async (exchange) => await toAnswer(await app.request(toRequest('http://127.0.0.1', exchange))),
      close: async () => {},
    }
  },
  async 'Hono through @hono/node-server: parsed'() {
    const app = new Hono().all('*', async (context) => {
      await context.req.text()
      return await mintkeeper.fetch(context.req.raw)
    })
    const server = createAdaptorServer({ fetch: app.fetch, hostname: '127.0.0.1' })
    if (!('closeAllConnections' in server)) throw new Error('not an HTTP/1 server')
    const { origin, close } = await listen(server)
    return { send: sendTo(origin), close }
  },
  async 'a bare Request: read'() {
    return bareHost(async (request) => void (await request.text()))
  },
  async 'a bare Request: about to be read by another'() {
    return bareHost((request) => void request.body?.getReader())
  },
}

async function expressHost(middleware: express.RequestHandler): Promise<Embedded> {
  const { origin, close } = await listen(createServer(express().use(middleware).use(mintkeeper.node)))
  return { send: sendTo(origin), close }
}

function bareHost(read: (request: Request) => void | Promise<void>): Embedded {
  return {
    async send(exchange) {
      const request = toRequest('http://127.0.0.1', exchange)
      await read(request)
      return await toAnswer(await mintkeeper.fetch(request))
    },
    close: async () => {},
  }
}

describe.each(Object.entries(HOSTS))('%s', (_, start) => {
  let embedded: Embedded
  const send: Send = (exchange) => embedded.send(exchange)

  beforeAll(async () => {
    embedded = await start()
  })
  afterAll(() => embedded.close())

  const REQUESTS: readonly [string, Exchange, object][] = [
    [
      'newstore',
      form('/v0/token', { grant_type: 'password', ...NEWSTORE_USER }),
      { status: 500, message: 'Internal Error', request_id: expect.any(String) },
    ],
    [
      'spree',
      json('/spree_oauth/token', { grant_type: 'password', ...SPREE_USER }),
      { error: 'server_error', error_description: expect.any(String) },
    ],
    [
      'standard',
      form('/oauth/token', { grant_type: 'client_credentials' }, basic(OPAQUE_CLIENT)),
      { error: 'server_error', error_description: expect.any(String) },
    ],
  ]

  test.each(REQUESTS)(
    '%s: 500 in its shape, and a line in the log that says what to do',
    async (surface, request, body) => {
      const answer = await send(request)
      expect(answer.status).toBe(500)
      expect(JSON.parse(answer.body)).toEqual(body)
      expect(answer.body).not.toContain('body')
      expect(lines).toEqual([
        expect.objectContaining({
          surface,
          status: 500,
          reason: 'body_already_read',
          error: expect.objectContaining({ message: ADVICE }),
        }),
      ])
    },
  )
})

test('a client that goes away in the middle of its body is one line in the log, and no error of the server', async () => {
  const { origin, close } = await listen(createServer(mintkeeper.node))
  try {
    const written = nextLine()
    const socket = connect(Number(new URL(origin).port), '127.0.0.1')
    socket.on('error', () => {})
    await once(socket, 'connect')
    socket.write('POST /oauth/token HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\ngrant_type=')
    socket.end()
    await written
    expect(lines).toEqual([expect.objectContaining({ status: 400, reason: 'request_aborted' })])
  } finally {
    await close()
  }
})

test('a client that went away before the host let Mintkeeper have the request', async () => {
  const { origin, close } = await listen(
    createServer((request, response) => {
      request.on('close', () => void mintkeeper.node(request, response))
    }),
  )
  try {
    const written = nextLine()
    const socket = connect(Number(new URL(origin).port), '127.0.0.1')
    socket.on('error', () => {})
    await once(socket, 'connect')
    socket.write('POST /oauth/token HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\ngrant_type=')
    socket.resetAndDestroy()
    await written
    expect(lines).toEqual([expect.objectContaining({ reason: 'request_aborted' })])
  } finally {
    await close()
  }
})

test('HTTP/2, where the host is in a pseudo-header', async () => {
  const config = createTestConfig('https://auth.example.com/')
  const tenants = config.tenants.map((tenant) => ({ ...tenant, hosts: ['127.0.0.1'] }))
  const strict = await createMintkeeper({ database: 'memory:', tenants })
  // The two modules' requests are alike, but not to the compiler.
  const server = createHttp2Server(
    (request, response) => void strict.node(request as never, response as never),
  )
  const { origin, close } = await listen(server)
  const session = connectHttp2(origin)
  try {
    const stream = session.request({
      ':method': 'POST',
      ':path': '/oauth/token',
      'content-type': 'application/x-www-form-urlencoded',
      ...basic(OPAQUE_CLIENT),
    })
    stream.end('grant_type=client_credentials')
    const [headers] = await once(stream, 'response')
    expect(headers[':status']).toBe(200)
    stream.resume()
    await once(stream, 'close')
  } finally {
    session.close()
    await close()
    await strict.close()
  }
})

function nextLine(): Promise<void> {
  return new Promise((resolve) => {
    lineWritten = () => {
      lineWritten = null
      resolve()
    }
  })
}

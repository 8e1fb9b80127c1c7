/** Every way of putting Mintkeeper into a program that the guide shows, each with a route of the program's own. */
import { createServer, type RequestListener } from 'node:http'
import { parse as parseQuery } from 'node:querystring'
import { createAdaptorServer } from '@hono/node-server'
import express from 'express'
import { fastify } from 'fastify'
import { Hono } from 'hono'
import type { Mintkeeper } from '../../src/index.ts'
import { listen } from '../listen.ts'
import { type Send, sendTo, toAnswer, toRequest } from './exchange.ts'

export interface Embedded {
  readonly send: Send
  close(): Promise<void>
}

export interface Embedding {
  readonly name: string
  /** `parsed`: the host has read the body before, and left what it made of it. */
  readonly bodies: 'raw' | 'parsed'
  /** What the host answers at /host, beside Mintkeeper; null: Mintkeeper is all there is. */
  readonly host: string | null
  /** What comes before all paths. */
  readonly prefix: string
  start(mintkeeper: Mintkeeper): Promise<Embedded>
}

export const EMBEDDINGS: readonly Embedding[] = [
  {
    ...named('node:http'),
    host: null,
    start: (mintkeeper) => overSocket(mintkeeper.node),
  },
  {
    ...named('Express'),
    start: (mintkeeper) =>
      overSocket(
        express()
          .use(mintkeeper.node)
          .get('/host', (_, response) => void response.send('host')),
      ),
  },
  {
    ...named('Express, at the paths of two surfaces and the well-known ones'),
    start(mintkeeper) {
      const app = express()
      for (const path of ['/v0', '/spree_oauth', '/oauth', '/auth', '/.well-known']) {
        app.use(path, mintkeeper.node)
      }
      return overSocket(app.get('/host', (_, response) => void response.send('host')))
    },
  },
  {
    ...named('Express, below a path of its own'),
    prefix: '/auth-server',
    start: (mintkeeper) =>
      overSocket(
        express()
          .use('/auth-server', mintkeeper.node)
          .get('/auth-server/host', (_, response) => void response.send('host')),
      ),
  },
  {
    ...named('Express, a router in a router'),
    prefix: '/shop/auth-server',
    start: (mintkeeper) =>
      overSocket(
        express().use(
          '/shop',
          express
            .Router()
            .use('/auth-server', mintkeeper.node)
            .get('/auth-server/host', (_, response) => void response.send('host')),
        ),
      ),
  },
  {
    ...named('Express, after express.json() and express.urlencoded({ extended: true })'),
    bodies: 'parsed',
    start: (mintkeeper) => afterParsers(mintkeeper, express.json(), express.urlencoded({ extended: true })),
  },
  {
    ...named('Express, after express.json() and express.urlencoded({ extended: false })'),
    bodies: 'parsed',
    start: (mintkeeper) => afterParsers(mintkeeper, express.json(), express.urlencoded({ extended: false })),
  },
  {
    ...named('Express, after express.text()'),
    bodies: 'parsed',
    start: (mintkeeper) => afterParsers(mintkeeper, express.text({ type: () => true })),
  },
  {
    ...named('Express, after express.raw()'),
    start: (mintkeeper) => afterParsers(mintkeeper, express.raw({ type: () => true, limit: '2mb' })),
  },
  {
    ...named('Fastify, in an onRequest hook'),
    async start(mintkeeper) {
      const app = fastify()
      app.addHook('onRequest', (request, reply, done) => {
        void mintkeeper.node(request.raw, reply.raw, done)
      })
      app.get('/host', () => 'host')
      const origin = await app.listen({ host: '127.0.0.1', port: 0 })
      return { send: sendTo(origin), close: () => app.close() }
    },
  },
  {
    ...named('Fastify, hijacked in a handler'),
    async start(mintkeeper) {
      const app = fastify()
      app.get('/host', () => 'host')
      await app.register(async (scope) => {
        scope.removeAllContentTypeParsers()
        scope.addContentTypeParser('*', (_, __, done) => done(null))
        scope.all('/*', async (request, reply) => {
          reply.hijack()
          await mintkeeper.node(request.raw, reply.raw)
        })
      })
      const origin = await app.listen({ host: '127.0.0.1', port: 0 })
      return { send: sendTo(origin), close: () => app.close() }
    },
  },
  {
    ...named('Fastify, hijacked after its own parsers'),
    bodies: 'parsed',
    async start(mintkeeper) {
      const app = fastify()
      // As @fastify/formbody does.
      app.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_, body, done) =>
        done(null, parseQuery(String(body))),
      )
      app.get('/host', () => 'host')
      app.all('/*', async (request, reply) => {
        reply.hijack()
        await mintkeeper.node(Object.assign(request.raw, { body: request.body }), reply.raw)
      })
      const origin = await app.listen({ host: '127.0.0.1', port: 0 })
      return { send: sendTo(origin), close: () => app.close() }
    },
  },
  {
    ...named('Hono'),
    start: async (mintkeeper) => overFetch(honoApp(mintkeeper).fetch),
  },
  {
    ...named('Hono, mounted below a path of its own'),
    prefix: '/auth-server',
    start: async (mintkeeper) =>
      overFetch(
        new Hono()
          .get('/auth-server/host', (context) => context.text('host'))
          .mount('/auth-server', mintkeeper.fetch).fetch,
      ),
  },
  {
    ...named('Hono through @hono/node-server'),
    async start(mintkeeper) {
      const server = createAdaptorServer({ fetch: honoApp(mintkeeper).fetch, hostname: '127.0.0.1' })
      if (!('closeAllConnections' in server)) throw new Error('not an HTTP/1 server')
      const { origin, close } = await listen(server)
      return { send: sendTo(origin), close }
    },
  },
  {
    ...named('a bare Request'),
    host: null,
    start: async (mintkeeper) => overFetch(mintkeeper.fetch),
  },
]

function named(name: string) {
  return { name, bodies: 'raw', host: 'host', prefix: '' } as const
}

async function overSocket(listener: RequestListener): Promise<Embedded> {
  const { origin, close } = await listen(createServer(listener))
  return { send: sendTo(origin), close }
}

function afterParsers(
  mintkeeper: Mintkeeper,
  ...parsers: readonly express.RequestHandler[]
): Promise<Embedded> {
  const app = express()
  for (const parser of parsers) app.use(parser)
  return overSocket(app.use(mintkeeper.node).get('/host', (_, response) => void response.send('host')))
}

function honoApp(mintkeeper: Mintkeeper): Hono {
  return new Hono()
    .get('/host', (context) => context.text('host'))
    .all('*', (context) => mintkeeper.fetch(context.req.raw))
}

function overFetch(handle: (request: Request) => Response | Promise<Response>): Embedded {
  return {
    send: async (exchange) => await toAnswer(await handle(toRequest('http://127.0.0.1', exchange))),
    close: async () => {},
  }
}

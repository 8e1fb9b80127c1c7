/** T127: clients that are slow, or only there, are cut off, and cost honest ones nothing. */
import { Agent, type IncomingMessage, request, type ServerResponse } from 'node:http'
import { connect, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { LIMITS, type Limits, type Listener, openListener } from '../../../src/cli/serve/listener.ts'
import { createMintkeeper, type Mintkeeper } from '../../../src/index.ts'
import { SILENT_LOG } from '../../../src/log/log.ts'

const SECRET = 'the-secret-of-the-shop-that-nobody-can-guess'
const FORM = `grant_type=client_credentials&client_id=shop&client_secret=${SECRET}`
const HEAD = `POST /oauth/token HTTP/1.1\r\nHost: shop.example\r\nContent-Type: application/x-www-form-urlencoded\r\n`

/** Quick enough to be waited for. */
const QUICK: Limits = {
  ...LIMITS,
  headersTimeout: 300,
  requestTimeout: 500,
  answerTimeout: 300,
  connectionsCheckingInterval: 50,
  keepAliveTimeout: 300,
}
/** How often a slow client sends a byte: sooner than any pause would be noticed. Milliseconds. */
const DRIP_MS = 20

let mintkeeper: Mintkeeper
let listener: Listener
let agent: Agent
const sockets: Socket[] = []
/** Resolves when the server has no connection from this port any more. A client that does not read hears of nothing. */
const ends = new Map<number | undefined, PromiseWithResolvers<string>>()

beforeEach(async () => {
  mintkeeper = await createMintkeeper({
    database: 'memory:',
    masterKey: Buffer.alloc(32, 7).toString('base64'),
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
  })
  listener = await open(QUICK)
  // A connection of its own for each request: one that waits could be closed just when it is used again.
  agent = new Agent()
})
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy()
  ends.clear()
  agent.destroy()
  listener.destroy()
  await mintkeeper.close()
})

function open(limits: Limits): Promise<Listener> {
  const options = { host: '127.0.0.1', port: 0, portFlag: '--port', log: SILENT_LOG }
  const handler = (incoming: IncomingMessage, outgoing: ServerResponse) => {
    const { remotePort } = incoming.socket
    incoming.socket.setMaxListeners(0).once('close', () => endOf(remotePort).resolve(''))
    return mintkeeper.node(incoming, outgoing)
  }
  return openListener(handler, options, limits)
}

function endOf(port: number | undefined): PromiseWithResolvers<string> {
  const end = ends.get(port) ?? Promise.withResolvers<string>()
  ends.set(port, end)
  return end
}

interface Attacker {
  readonly socket: Socket
  /** All that was answered, when the connection is closed. */
  readonly closed: Promise<string>
}

async function attacker(): Promise<Attacker> {
  const socket = connect(listener.port, '127.0.0.1')
  sockets.push(socket)
  let received = ''
  socket.setEncoding('latin1').on('data', (chunk) => {
    received += chunk
  })
  socket.on('error', () => {})
  const closed = new Promise<string>((resolve) => socket.on('close', () => resolve(received)))
  await new Promise((resolve) => socket.once('connect', resolve))
  return { socket, closed }
}

/** Sends a text byte after byte, for ever. */
async function dripping(first: string, again: string): Promise<Attacker> {
  const slow = await attacker()
  slow.socket.write(first)
  let sent = 0
  const timer = setInterval(() => slow.socket.write(again[sent++ % again.length] ?? ''), DRIP_MS)
  void slow.closed.then(() => clearInterval(timer))
  return slow
}

/** The status of an honest request. */
function ask(): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const headers = { Host: 'shop.example', 'Content-Type': 'application/x-www-form-urlencoded' }
    request(`${listener.url}/oauth/token`, { method: 'POST', agent, headers }, (response) => {
      text(response).then(() => resolve(response.statusCode), reject)
    })
      .on('error', reject)
      .end(FORM)
  })
}

/** What honest requests are answered until all attackers are cut off. */
async function answersUntilClosed(attackers: readonly Attacker[]): Promise<Set<number | undefined>> {
  const state = { over: false }
  const over = Promise.all(attackers.map(({ closed }) => closed)).then(() => {
    state.over = true
  })
  const statuses = new Set<number | undefined>()
  do statuses.add(await ask())
  while (!state.over)
  await over
  return statuses
}

test('T127 a head that comes byte after byte is cut off, however many there are', async () => {
  const slow = await Promise.all(Array.from({ length: 50 }, () => dripping(`${HEAD}X-Slow: `, 'a')))
  expect(await answersUntilClosed(slow)).toEqual(new Set([200]))
  for (const { closed } of slow) expect(await closed).toMatch(/^HTTP\/1\.1 408 .*Connection: close/is)
})

test('T127 so is a head of endless lines', async () => {
  const slow = await dripping(HEAD, 'X: y\r\n')
  expect(await answersUntilClosed([slow])).toEqual(new Set([200]))
  expect(await slow.closed).toMatch(/^HTTP\/1\.1 408 /)
})

test('T127 a body that comes byte after byte is cut off, with its length told or in chunks', async () => {
  const slow = await Promise.all([
    ...Array.from({ length: 25 }, () => dripping(`${HEAD}Content-Length: 60000\r\n\r\n${FORM}`, '&a=b')),
    ...Array.from({ length: 25 }, () => dripping(`${HEAD}Transfer-Encoding: chunked\r\n\r\n`, '1\r\na\r\n')),
  ])
  expect(await answersUntilClosed(slow)).toEqual(new Set([200]))
  for (const { closed } of slow) expect(await closed).not.toContain('access_token')
})

test('T127 a body that never begins is cut off', async () => {
  const slow = await attacker()
  slow.socket.write(`${HEAD}Content-Length: 10\r\n\r\n`)
  expect(await answersUntilClosed([slow])).toEqual(new Set([200]))
})

test('T127 connections that never say anything are closed', async () => {
  const silent = await Promise.all(Array.from({ length: 500 }, attacker))
  expect(await answersUntilClosed(silent)).toEqual(new Set([200]))
  for (const { closed } of silent) expect(await closed).not.toMatch(/HTTP\/1\.1 200/)
})

test('T127 so are those that were answered, and ask nothing more', async () => {
  const idle = await Promise.all(Array.from({ length: 100 }, attacker))
  for (const { socket } of idle)
    socket.write('GET /.well-known/jwks.json HTTP/1.1\r\nHost: shop.example\r\n\r\n')
  expect(await answersUntilClosed(idle)).toEqual(new Set([200]))
  for (const { closed } of idle) expect(await closed).toMatch(/^HTTP\/1\.1 200 /)
})

/**
 * Requests that the server reads at once, whole, and whose answers are more than the system takes for a client that does
 * not read. A head that has begun would have a limit of its own.
 */
const PIPELINED = 'GET /v0/openapi.json HTTP/1.1\r\nHost: shop.example\r\n\r\n'.repeat(1000)

test('T127 who asks and never reads is cut off', async () => {
  const deaf = await Promise.all(Array.from({ length: 3 }, attacker))
  for (const { socket } of deaf) socket.pause().write(PIPELINED)
  const cutOff = deaf.map(({ socket }) => ({ socket, closed: endOf(socket.localPort).promise }))
  expect(await answersUntilClosed(cutOff)).toEqual(new Set([200]))
})

test('who reads slowly, but reads, is answered', async () => {
  listener.destroy()
  // Less than all of it takes, and more than a busy machine keeps the client from reading.
  listener = await open({ ...QUICK, answerTimeout: 1500 })
  const slow = await attacker()
  slow.socket.write(PIPELINED)
  slow.socket.on('data', () => {
    slow.socket.pause()
    setTimeout(() => slow.socket.resume(), 10)
  })
  expect((await slow.closed).split('HTTP/1.1 200 ').length - 1).toBe(1000)
})

/** T127: clients that are slow, or only there, are cut off, and cost honest ones nothing. */
import { once } from 'node:events'
import { Agent, type IncomingMessage, request, type ServerResponse } from 'node:http'
import { connect, type Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { LIMITS, type Limits, type Listener, openListener } from '../../../src/cli/serve/listener.ts'
import { createMintkeeper, type Mintkeeper } from '../../../src/index.ts'
import { SILENT_LOG } from '../../../src/log/log.ts'

const SECRET = 'the-secret-of-the-shop-that-nobody-can-guess'
const FORM = `grant_type=client_credentials&client_id=shop&client_secret=${SECRET}`
const HEAD = `POST /oauth/token HTTP/1.1\r\nHost: shop.example\r\nContent-Type: application/x-www-form-urlencoded\r\n`

/** Quick enough to be waited for, in milliseconds. Each test has one that is; the others are longer than it takes. */
const QUICK = 300
const CHECKS = { connectionsCheckingInterval: 50 }
const QUICK_REQUESTS = { ...CHECKS, headersTimeout: QUICK, requestTimeout: QUICK + 200 }
/** How often a slow client sends a byte: sooner than any pause would be noticed. Milliseconds. */
const DRIP_MS = 20

let mintkeeper: Mintkeeper
let listener: Listener
let agent: Agent
const sockets: Socket[] = []
/** The server's, by the ports they come from. */
const taken = new Map<number | undefined, PromiseWithResolvers<Socket>>()

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
  // A connection of its own for each request: one that waits could be closed just when it is used again.
  agent = new Agent()
})
afterEach(async () => {
  vi.useRealTimers()
  for (const socket of sockets.splice(0)) socket.destroy()
  taken.clear()
  agent.destroy()
  listener.destroy()
  await mintkeeper.close()
})

async function open(limits: Partial<Limits>): Promise<void> {
  const options = { host: '127.0.0.1', port: 0, portFlag: '--port', log: SILENT_LOG }
  const handler = (incoming: IncomingMessage, outgoing: ServerResponse) => {
    takenFrom(incoming.socket.remotePort).resolve(incoming.socket)
    return mintkeeper.node(incoming, outgoing)
  }
  listener = await openListener(handler, options, { ...LIMITS, ...limits })
}

/** The server's end of a connection, as soon as a request came by it. */
function takenFrom(port: number | undefined): PromiseWithResolvers<Socket> {
  const socket = taken.get(port) ?? Promise.withResolvers<Socket>()
  taken.set(port, socket)
  return socket
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

/** The status of an honest request; null: it was cut off. */
function ask(): Promise<number | null> {
  return new Promise((resolve) => {
    const headers = { Host: 'shop.example', 'Content-Type': 'application/x-www-form-urlencoded' }
    request(`${listener.url}/oauth/token`, { method: 'POST', agent, headers }, (response) => {
      response.resume().on('close', () => resolve(response.complete ? (response.statusCode ?? null) : null))
    })
      .on('error', () => resolve(null))
      .end(FORM)
  })
}

/**
 * What honest requests are answered until all attackers are cut off. Nothing is said of one that took as long as an
 * attacker has: the machine had no time for it.
 */
async function answersUntilClosed(
  attackers: readonly Pick<Attacker, 'closed'>[],
): Promise<Set<number | null>> {
  const state = { over: false }
  void Promise.all(attackers.map(({ closed }) => closed)).then(() => {
    state.over = true
  })
  const statuses = new Set<number | null>()
  while (!state.over || statuses.size === 0) {
    const askedAt = performance.now()
    const status = await ask()
    if (status === 200 || performance.now() - askedAt < QUICK) statuses.add(status)
  }
  return statuses
}

describe('T127', () => {
  beforeEach(() => open(QUICK_REQUESTS))

  test('a head that comes byte after byte is cut off, however many there are', async () => {
    const slow = await Promise.all(Array.from({ length: 50 }, () => dripping(`${HEAD}X-Slow: `, 'a')))
    expect(await answersUntilClosed(slow)).toEqual(new Set([200]))
    for (const { closed } of slow) expect(await closed).toMatch(/^HTTP\/1\.1 408 .*Connection: close/is)
  })

  test('so is a head of endless lines', async () => {
    const slow = await dripping(HEAD, 'X: y\r\n')
    expect(await answersUntilClosed([slow])).toEqual(new Set([200]))
    expect(await slow.closed).toMatch(/^HTTP\/1\.1 408 /)
  })

  test('a body that comes byte after byte is cut off, with its length told or in chunks', async () => {
    const slow = await Promise.all([
      ...Array.from({ length: 25 }, () => dripping(`${HEAD}Content-Length: 60000\r\n\r\n${FORM}`, '&a=b')),
      ...Array.from({ length: 25 }, () =>
        dripping(`${HEAD}Transfer-Encoding: chunked\r\n\r\n`, '1\r\na\r\n'),
      ),
    ])
    expect(await answersUntilClosed(slow)).toEqual(new Set([200]))
    for (const { closed } of slow) expect(await closed).not.toContain('access_token')
  })

  test('a body that never begins is cut off', async () => {
    const slow = await attacker()
    slow.socket.write(`${HEAD}Content-Length: 10\r\n\r\n`)
    expect(await answersUntilClosed([slow])).toEqual(new Set([200]))
  })

  test('connections that never say anything are closed', async () => {
    const silent = await Promise.all(Array.from({ length: 500 }, attacker))
    expect(await answersUntilClosed(silent)).toEqual(new Set([200]))
    for (const { closed } of silent) expect(await closed).not.toMatch(/HTTP\/1\.1 200/)
  })
})

test('T127 connections that were answered, and ask nothing more, are closed', async () => {
  await open({ ...CHECKS, keepAliveTimeout: QUICK })
  const idle = await Promise.all(Array.from({ length: 100 }, attacker))
  for (const { socket } of idle)
    socket.write('GET /.well-known/jwks.json HTTP/1.1\r\nHost: shop.example\r\n\r\n')
  expect(await answersUntilClosed(idle)).toEqual(new Set([200]))
  for (const { closed } of idle) expect(await closed).toMatch(/^HTTP\/1\.1 200 /)
})

describe('of who does not read', () => {
  /**
   * Requests that the server reads at once, whole, and whose answers are more than the system takes for a client that
   * does not read.
   */
  const PIPELINED = [
    ...Array(999).fill('GET /v0/openapi.json HTTP/1.1\r\nHost: shop.example\r\n\r\n'),
    'GET /v0/openapi.json HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n\r\n',
  ].join('')

  /** Only the test lets this time pass: whoever has to wait for it has to wait for as long as the machine takes. */
  beforeEach(async () => {
    vi.useFakeTimers({ toFake: ['performance', 'setInterval', 'clearInterval'] })
    await open({ ...CHECKS, answerTimeout: QUICK })
  })

  test('T127 who asks and never reads is cut off', async () => {
    const deaf = await Promise.all(Array.from({ length: 3 }, attacker))
    for (const { socket } of deaf) socket.pause().write(PIPELINED)
    // A client that does not read hears of nothing.
    const served = await Promise.all(deaf.map(({ socket }) => takenFrom(socket.localPort).promise))
    const closed = Promise.all(served.map((socket) => once(socket, 'close')))
    while (served.some(({ destroyed }) => !destroyed)) {
      expect(await ask()).toBe(200)
      vi.advanceTimersByTime(QUICK / 3)
    }
    await closed
  })

  test('who reads slowly, but reads, is answered', async () => {
    const slow = await attacker()
    slow.socket.write(PIPELINED)
    const served = await takenFrom(slow.socket.localPort).promise
    const startedAt = performance.now()
    let left = 0
    slow.socket.on('data', () => {
      if (left === served.bytesWritten - served.writableLength) return
      left = served.bytesWritten - served.writableLength
      vi.advanceTimersByTime(QUICK - CHECKS.connectionsCheckingInterval)
    })
    expect((await slow.closed).split('HTTP/1.1 200 ').length - 1).toBe(1000)
    expect(performance.now() - startedAt).toBeGreaterThan(3 * QUICK)
  })
})

import { Agent, type IncomingMessage, request, type ServerResponse } from 'node:http'
import { connect, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterEach, describe, expect, it } from 'vitest'
import { LIMITS, type Limits, type Listener, openListener } from '../../../src/cli/serve/listener.ts'
import { SILENT_LOG } from '../../../src/log/log.ts'

/** Quick enough not to be waited for. */
const QUICK: Limits = {
  ...LIMITS,
  headersTimeout: 100,
  requestTimeout: 200,
  connectionsCheckingInterval: 20,
  lingerMs: 50,
}

const opened: Listener[] = []
afterEach(() => {
  for (const listener of opened.splice(0)) listener.destroy()
})

type Handler = (incoming: IncomingMessage, outgoing: ServerResponse) => unknown

async function open(handler: Handler, limits: Limits = QUICK): Promise<Listener> {
  const options = { host: '127.0.0.1', port: 0, portFlag: '--port', log: SILENT_LOG }
  const listener = await openListener(handler, options, limits)
  opened.push(listener)
  return listener
}

/** Sends bytes as they are; everything that is answered until the other side ends it. */
async function sendRaw({ port }: Listener, bytes: string): Promise<string> {
  const socket = connect(port, '127.0.0.1').on('error', () => {})
  socket.write(bytes)
  return await text(socket)
}

async function connected({ port }: Listener): Promise<Socket> {
  const socket = connect(port, '127.0.0.1').on('error', () => {})
  await new Promise((resolve) => socket.once('connect', resolve))
  return socket
}

interface Answer {
  readonly status: number | undefined
  readonly connection: string | undefined
  readonly body: string
}

function get({ url }: Listener, agent: Agent): Promise<Answer> {
  return new Promise((resolve, reject) => {
    request(url, { agent }, (response) => {
      const { statusCode: status, headers } = response
      text(response).then((body) => resolve({ status, connection: headers.connection, body }), reject)
    })
      .on('error', reject)
      .end()
  })
}

describe('the limits', () => {
  it('are tight enough', () => {
    expect(LIMITS.headersTimeout).toBeLessThanOrEqual(10_000)
    expect(LIMITS.requestTimeout).toBeLessThanOrEqual(15_000)
    expect(LIMITS.connectionsCheckingInterval).toBeLessThanOrEqual(5_000)
    expect(LIMITS.keepAliveTimeout).toBeGreaterThan(60_000)
    expect(LIMITS.maxHeaderSize).toBe(16_384)
  })

  it('end a request whose head does not come to its end', async () => {
    const listener = await open((_, response) => response.end('late'))
    expect(await sendRaw(listener, 'GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ')).toMatch(/^HTTP\/1\.1 408 /)
  })

  it('end a request whose body does not come to its end', async () => {
    const listener = await open((incoming) => incoming.resume())
    const head = 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n12'
    expect(await sendRaw(listener, head)).toMatch(/^HTTP\/1\.1 408 /)
  })

  it.each([
    ['a head that is too large', `GET / HTTP/1.1\r\nHost: x\r\nX: ${'a'.repeat(20_000)}\r\n\r\n`, '431'],
    ['what is no HTTP', '\x16\x03\x01\x02\x00\x01\x00\r\n\r\n', '400'],
    ['two lengths', 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab', '400'],
    [
      'a length beside chunks',
      'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      '400',
    ],
    ['no host', 'GET / HTTP/1.1\r\n\r\n', '400'],
  ])('refuse %s and close', async (_what, bytes, status) => {
    let asked = 0
    const listener = await open((_, response) => response.end(String(++asked)))
    const answer = await sendRaw(listener, bytes)
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `))
    expect(answer).toMatch(/Connection: close/i)
    expect(asked).toBe(0)
  })
})

describe('a handler that fails', () => {
  it.each([
    [
      'at once',
      () => {
        throw new Error('planted')
      },
    ],
    [
      'later',
      async () => {
        throw new Error('planted')
      },
    ],
  ])('%s costs one answer, not the server', async (_when, handler: Handler) => {
    const listener = await open(handler)
    expect((await fetch(listener.url)).status).toBe(500)
    expect((await fetch(listener.url)).status).toBe(500)
  })
})

describe('draining', () => {
  it('lets what is underway come to its end, and says Connection: close', async () => {
    const underway = Promise.withResolvers<ServerResponse>()
    const listener = await open((_, response) => underway.resolve(response))
    const agent = new Agent({ keepAlive: true })
    const answer = get(listener, agent)
    const response = await underway.promise
    const drained = listener.drain()
    response.end('done')
    expect(await answer).toEqual({ status: 200, connection: 'close', body: 'done' })
    await drained
    agent.destroy()
  })

  it('waits for what is underway longer than for connections that ask nothing', async () => {
    const underway = Promise.withResolvers<ServerResponse>()
    const listener = await open((incoming, response) => {
      if (incoming.url === '/quick') response.end('quick')
      else underway.resolve(response)
    })
    const idle = await connected(listener)
    const closed = new Promise((resolve) => idle.once('close', resolve))
    idle.write('GET /quick HTTP/1.1\r\nHost: x\r\n\r\n')
    await new Promise((resolve) => idle.once('data', resolve))
    const agent = new Agent({ keepAlive: true })
    const answer = get(listener, agent)
    const response = await underway.promise
    const drained = listener.drain()
    await closed
    response.end('done')
    expect(await answer).toEqual({ status: 200, connection: 'close', body: 'done' })
    await drained
    agent.destroy()
  })

  it('answers one more request of a connection that is kept alive', async () => {
    const listener = await open((_, response) => response.end('ok'), { ...QUICK, lingerMs: 20_000 })
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    expect(await get(listener, agent)).toMatchObject({ connection: 'keep-alive' })
    const drained = listener.drain()
    expect(await get(listener, agent)).toEqual({ status: 200, connection: 'close', body: 'ok' })
    await drained
    agent.destroy()
  })

  it('takes no more connections', async () => {
    const listener = await open((_, response) => response.end('ok'))
    const drained = listener.drain()
    await expect(fetch(listener.url)).rejects.toThrow('fetch failed')
    await drained
  })

  it('does not wait for those who ask nothing, or never come to the end of the head', async () => {
    const listener = await open((_, response) => response.end('ok'), {
      ...QUICK,
      headersTimeout: 60_000,
      requestTimeout: 60_000,
    })
    const silent = await connected(listener)
    const halfway = await connected(listener)
    halfway.write('GET / HTTP/1.1\r\nHos')
    const agent = new Agent({ keepAlive: true })
    await get(listener, agent)
    await listener.drain()
    for (const socket of [silent, halfway]) socket.destroy()
    agent.destroy()
  })
})

describe('a port that can not be opened', () => {
  it.each([
    [
      'taken',
      async (listener: Listener) => ({ host: '127.0.0.1', port: listener.port }),
      /^Port \d+ on 127\.0\.0\.1 is taken\. .* --port PORT$/,
    ],
    [
      'of another machine',
      async () => ({ host: '192.0.2.1', port: 0 }),
      /^This machine has no address 192\.0\.2\.1\./,
    ],
    [
      'of a name that does not exist',
      async () => ({ host: 'no-such-host.invalid', port: 0 }),
      /^This machine has no address no-such-host/,
    ],
  ])('because it is %s, is told with what to do', async (_why, where, message) => {
    const first = await open(() => {})
    const options = { ...(await where(first)), portFlag: '--port', log: SILENT_LOG }
    await expect(openListener(() => {}, options)).rejects.toThrow(message)
  })
})

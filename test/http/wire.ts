/** A server behind a real socket, and a client that says exactly what it is told to. */
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { connect, type Socket } from 'node:net'
import type { NodeHandler } from '../../src/http/edges/node.ts'
import { listen as listenWith } from '../listen.ts'

export interface Wire {
  readonly port: number
  /** Sends the text as it is, and resolves with all that comes until the server closes. */
  raw(text: string | Uint8Array): Promise<string>
  /** A connection that stays open. */
  open(): Promise<Connection>
  /** Resolves when there is no connection and nothing is under way. */
  idle(): Promise<void>
  close(): Promise<void>
}

export interface Connection {
  readonly socket: Socket
  send(text: string | Uint8Array): void
  /** Resolves once the pattern is in what came; rejects if the connection ends before. */
  until(pattern: RegExp): Promise<string>
  readonly closed: Promise<string>
}

export async function listen(handler: NodeHandler): Promise<Wire> {
  let underway = 0
  const server: Server = createServer((incoming, outgoing) => {
    underway++
    void handler(incoming, outgoing).finally(() => underway--)
  })
  const { port, close } = await listenWith(server)

  async function open(): Promise<Connection> {
    const socket = connect(port, '127.0.0.1')
    await once(socket, 'connect')
    let received = ''
    const waiting = new Set<() => void>()
    socket.setEncoding('latin1')
    socket.on('data', (text: string) => {
      received += text
      for (const look of waiting) look()
    })
    // Cut off is closed, too.
    socket.on('error', () => {})
    const closed = new Promise<string>((resolve) => socket.on('close', () => resolve(received)))
    return {
      socket,
      send: (text) => void socket.write(text),
      closed,
      until: (pattern) =>
        new Promise((resolve, reject) => {
          const look = () => {
            if (!pattern.test(received)) return
            waiting.delete(look)
            resolve(received)
          }
          waiting.add(look)
          void closed.then(() => reject(new Error(`closed after ${JSON.stringify(received)}`)))
          look()
        }),
    }
  }

  return {
    port,
    open,
    async raw(text) {
      const connection = await open()
      connection.send(text)
      return await connection.closed
    },
    async idle() {
      const turn = () => new Promise((resolve) => setImmediate(resolve))
      while ((await connections(server)) > 0) await turn()
      while (underway > 0) await turn()
    },
    close,
  }
}

function connections(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.getConnections((error, count) => (error === null ? resolve(count) : reject(error)))
  })
}

export interface Parsed {
  readonly status: number
  readonly headers: Headers
  readonly body: string
}

/** The first answer in what came. */
export function parse(text: string): Parsed {
  const [, status, head, rest] =
    /^HTTP\/1\.1 (\d{3}) [^\r\n]*\r\n([\s\S]*?\r\n)\r\n([\s\S]*)$/.exec(text) ?? []
  if (status === undefined || head === undefined || rest === undefined)
    throw new Error(`no answer: ${JSON.stringify(text)}`)
  const headers = new Headers()
  for (const line of head.trimEnd().split('\r\n'))
    headers.append(line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim())
  return {
    status: Number(status),
    headers,
    body: rest.slice(0, Number(headers.get('content-length') ?? rest.length)),
  }
}

/** A request with a body of the length it says, on a connection that ends with it. */
export function request(line: string, headers: Readonly<Record<string, string>> = {}, body = ''): string {
  const all = {
    Host: 'main.example',
    Connection: 'close',
    'Content-Length': String(Buffer.byteLength(body)),
    ...headers,
  }
  const head = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
  return `${line} HTTP/1.1\r\n${head.join('')}\r\n${body}`
}

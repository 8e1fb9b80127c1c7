import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { type AddressInfo, Server as NetServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Log } from '../../log/log.ts'
import { CommandFailed } from '../failure.ts'
import { cutOffDeafClients } from './deaf-clients.ts'

// Not imported: that reads every name the module exports, and `WebSocket` among them brings in the whole of Node's
// HTTP client, which is 14 MB and 20 ms.
const http = process.getBuiltinModule('node:http')

export type RequestHandler = (request: IncomingMessage, response: ServerResponse) => unknown

export interface ListenerOptions {
  readonly host: string
  /** 0: a free one. */
  readonly port: number
  /** The option that chose the port, for people. */
  readonly portFlag: string
  readonly log: Log
}

/** A port that answers HTTP. */
export interface Listener {
  readonly port: number
  /** `http://host:port`, where this machine reaches it. */
  readonly url: string
  /**
   * Takes no more connections once `keepOpenMs` are over, answers what was asked and resolves when everything is closed.
   * From now on every answer says `Connection: close`.
   */
  drain(keepOpenMs?: number): Promise<void>
  /** Cuts every connection. */
  destroy(): void
}

/** Against those who send or read slowly, or send much. Milliseconds and bytes. */
export interface Limits {
  /** A whole request head must have come by then. */
  readonly headersTimeout: number
  /** A whole request must have come by then. */
  readonly requestTimeout: number
  /** A client may take nothing of its answer for so long. */
  readonly answerTimeout: number
  /** How often it is looked for those that are too slow. Node's default, 30 s, would make a mock of the others. */
  readonly connectionsCheckingInterval: number
  /** Longer than load balancers keep connections (60 s mostly): who sends requests should be the one to close. */
  readonly keepAliveTimeout: number
  readonly maxHeaderSize: number
  /** How long connections that ask nothing are kept when draining: their next request may be on its way already. */
  readonly lingerMs: number
}

export const LIMITS: Limits = {
  headersTimeout: 10_000,
  requestTimeout: 15_000,
  answerTimeout: 15_000,
  connectionsCheckingInterval: 2_000,
  keepAliveTimeout: 65_000,
  maxHeaderSize: 16 * 1024,
  lingerMs: 500,
}

/**
 * Opens the port. Throws `CommandFailed`, saying which port or host and what to do. What is no HTTP, or comes too slowly,
 * is answered by Node with 400, 408 or 431 and cut off.
 */
export async function openListener(
  handler: RequestHandler,
  options: ListenerOptions,
  { lingerMs, answerTimeout, ...limits }: Limits = LIMITS,
): Promise<Listener> {
  let underway = 0
  let whenNoneUnderway: (() => void) | null = null
  let draining = false

  /** Says that the connection ends, if it does by then. Nobody has to remember the responses for that. */
  class Response extends http.ServerResponse {
    override writeHead(...head: unknown[]): this {
      if (draining) this.setHeader('Connection', 'close')
      return Reflect.apply(super.writeHead, this, head)
    }
  }

  function ended(): void {
    underway -= 1
    if (underway === 0) whenNoneUnderway?.()
  }

  const server = http.createServer({ ...limits, ServerResponse: Response }, (request, response) => {
    underway += 1
    response.once('close', ended)
    const failed = (cause: unknown) => {
      options.log.error('a request was not answered', cause)
      // One request's bug is no reason to leave the others alone.
      if (response.headersSent) response.destroy()
      else response.writeHead(500, { Connection: 'close' }).end()
    }
    try {
      const answered = handler(request, response)
      if (answered instanceof Promise) answered.catch(failed)
    } catch (cause) {
      failed(cause)
    }
  })
  cutOffDeafClients(server, { ...limits, answerTimeout })
  const port = await listen(server, options)

  async function drain(keepOpenMs = 0): Promise<void> {
    draining = true
    if (keepOpenMs > 0) await sleep(keepOpenMs)
    // Connections that the system has taken already would be cut: those that wait now are taken first.
    await afterWhatHasCome()
    // Not the server's own `close`: that would cut connections whose next request is on its way.
    const closed = new Promise<void>((resolve) => NetServer.prototype.close.call(server, () => resolve()))
    await Promise.race([closed, sleep(lingerMs, undefined, { ref: false })])
    // A flush to the disk may have taken as long: what has come meanwhile is no idle connection.
    await afterWhatHasCome()
    server.closeIdleConnections()
    if (underway > 0) {
      await new Promise<void>((resolve) => {
        whenNoneUnderway = resolve
      })
    }
    // Those that have sent no whole request head yet.
    server.closeAllConnections()
    await closed
  }

  return {
    port,
    url: `http://${reachableHost(options.host)}:${port}`,
    drain,
    destroy() {
      server.close()
      server.closeAllConnections()
    },
  }
}

/** Resolves when connections and requests that were waiting to be noticed have been. Timers come before them. */
function afterWhatHasCome(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

function listen(server: Server, { host, port, portFlag }: ListenerOptions): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => reject(listenFailure(error, host, port, portFlag)))
    server.listen({ host, port }, () => resolve((server.address() as AddressInfo).port))
  })
}

function listenFailure(
  error: NodeJS.ErrnoException,
  host: string,
  port: number,
  portFlag: string,
): CommandFailed {
  switch (error.code) {
    case 'EADDRINUSE':
      return new CommandFailed(
        `Port ${port} on ${host} is taken. End the process that has it, or take another port: ${portFlag} PORT`,
      )
    case 'EACCES':
      return new CommandFailed(
        `Port ${port} on ${host} may not be used by this user. Take one above 1023: ${portFlag} PORT`,
      )
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new CommandFailed(
        `This machine has no address ${host}. Take another, such as 127.0.0.1: --host HOST`,
      )
    default:
      return new CommandFailed(`Port ${port} on ${host} can not be opened (${error.message}).`)
  }
}

/** Who listens everywhere is reached here by the loopback address. */
function reachableHost(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1'
  if (host === '::') return '[::1]'
  return host.includes(':') ? `[${host}]` : host
}

import { createAdaptorServer } from '@hono/node-server'
import type { Hono } from 'hono'
import type { AdminEnv } from './environment.ts'

export interface AdminListener {
  /** The port that was taken, also where 0 was asked for. */
  readonly port: number
  /** Takes no more requests and resolves when those under way are answered, or cut off after `closeTimeoutMs`. */
  close(): Promise<void>
}

interface ListenOptions {
  readonly host: string
  /** 0: a free one. */
  readonly port: number
  /** Default: five seconds. */
  readonly closeTimeoutMs?: number
}

const CLOSE_TIMEOUT_MS = 5000
/** For a request as a whole, against those who send it byte by byte. */
const REQUEST_TIMEOUT_MS = 30_000

/** Listens with Node's HTTP server. Rejects if the address can not be taken. */
export function serveAdmin(
  app: Hono<AdminEnv>,
  { host, port, closeTimeoutMs = CLOSE_TIMEOUT_MS }: ListenOptions,
): Promise<AdminListener> {
  const server = createAdaptorServer({
    fetch: app.fetch,
    // Others may live in this process: their Request and Response stay as they are.
    overrideGlobalObjects: false,
    serverOptions: { requestTimeout: REQUEST_TIMEOUT_MS },
  })
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      const address = server.address()
      resolve({
        port: typeof address === 'object' && address !== null ? address.port : port,
        close: () => closed(server, closeTimeoutMs),
      })
    })
  })
}

function closed(server: ReturnType<typeof createAdaptorServer>, timeoutMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      if ('closeAllConnections' in server) server.closeAllConnections()
    }, timeoutMs)
    server.close((error) => {
      clearTimeout(timer)
      if (error === undefined) resolve()
      else reject(error)
    })
  })
}

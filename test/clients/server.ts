/** A Mintkeeper that real clients can be pointed at: a listening node:http server with one tenant. */
import { createServer } from 'node:http'
import {
  createMintkeeper,
  type Log,
  type Mintkeeper,
  type MintkeeperOptions,
  type RequestEntry,
} from '../../src/index.ts'
import { listen } from '../listen.ts'
import { createTestConfig, type TenantSettings } from './tenant.ts'

export interface RunningServer {
  readonly mintkeeper: Mintkeeper
  /** Without a slash at its end. */
  readonly origin: string
  /** The tenant's issuer: the origin and a slash. */
  readonly issuer: string
  /** The issuer of the realm surface. */
  readonly realmIssuer: string
  /** What was logged a request, newest last. */
  readonly entries: readonly RequestEntry[]
  close(): Promise<void>
}

/** Listens first and makes the server second, because its issuer has the port in it. */
export async function startServer(
  settings: TenantSettings = {},
  options: MintkeeperOptions = {},
): Promise<RunningServer> {
  const server = createServer()
  const { origin, close } = await listen(server)
  const entries: RequestEntry[] = []
  const mintkeeper = await createMintkeeper(createTestConfig(`${origin}/`, settings), {
    ...options,
    log: logInto(entries),
  })
  server.on('request', mintkeeper.node)
  return {
    mintkeeper,
    origin,
    issuer: `${origin}/`,
    realmIssuer: `${origin}/auth/realms/dodici`,
    entries,
    async close() {
      await close()
      await mintkeeper.close()
    },
  }
}

/** A log that keeps the lines about requests. */
function logInto(entries: RequestEntry[]): Log {
  return { request: (entry) => entries.push(entry), info: () => {}, warn: () => {}, error: () => {} }
}

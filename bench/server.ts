/**
 * A server under load, in a process of its own (`node bench/server.ts KIND [PLACE] [SETTINGS]`): tells its port, its CPU time and
 * its memory over IPC. The place of a database is a directory, for SQLite, or the URL of a PostgreSQL database.
 */
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { purgeExpired } from '../src/admin/operations/purge.ts'
import { createLog, createMetrics, createMintkeeper } from '../src/index.ts'
import { bare } from './bare.ts'
import { ceiling } from './ceiling.ts'
import { benchConfig, type ProcessSettings } from './config.ts'
import { usage } from './usage.ts'

export type ServerKind = 'bare' | 'ceiling' | 'mintkeeper' | 'oidc-provider' | 'oauth2-server'

const [kind, place = '', settings = '{}'] = process.argv.slice(2)

interface Purge {
  stop(): void
  /** How many rows it deleted, once it has ended. */
  readonly rows: Promise<number>
}

/** Deletes expired rows as a server does it, until it is stopped. */
let startPurge: () => Purge | null = () => null
let purge: Purge | null = null

// Longer than any client here rests, as the listener of `serve` has it.
const server = createServer({ keepAliveTimeout: 65_000 }, await listenerOf(kind as ServerKind))
server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }))
process.on('message', async (wish) => {
  if (wish === 'usage') process.send?.(usage())
  if (wish === 'purge') purge = startPurge()
  if (wish === 'rest' && purge !== null) {
    purge.stop()
    process.send?.({ purged: await purge.rows })
  }
})
process.on('disconnect', () => process.exit())

async function listenerOf(wanted: ServerKind): Promise<RequestListener> {
  switch (wanted) {
    case 'bare':
      return bare()
    case 'ceiling':
      return ceiling(place)
    case 'mintkeeper':
      return await mintkeeper()
    // Loaded only where they run: neither memory nor time of the others is theirs.
    case 'oidc-provider':
      return await (await import('./peers/oidc-provider.ts')).oidcProvider()
    case 'oauth2-server':
      return (await import('./peers/oauth2-server.ts')).oauth2Server()
  }
}

async function mintkeeper(): Promise<RequestListener> {
  // As `mintkeeper serve` has them.
  const metrics = createMetrics({ process: true })
  const database = place.startsWith('postgres:') ? place : `sqlite:${place}/bench.db`
  const own: ProcessSettings = JSON.parse(settings)
  const { node, operations } = await createMintkeeper(benchConfig(database, own), {
    metrics,
    ...(own.logLevel !== undefined && { log: createLog(own.logLevel) }),
  })
  startPurge = () => {
    const state = { stopped: false }
    const rows = purgeExpired(operations, { isStopped: () => state.stopped })
    const stop = () => {
      state.stopped = true
    }
    return { rows, stop }
  }
  return (request, response) => void node(request, response)
}

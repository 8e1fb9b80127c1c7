/**
 * A server under load, in a process of its own (`node bench/server.ts KIND [PLACE] [SETTINGS]`): tells its port, its CPU
 * time and its memory over IPC. The place of a database is a directory, for SQLite, or the URL of a PostgreSQL database.
 */
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { purgeExpired } from '../src/admin/operations/purge.ts'
import { openListener } from '../src/cli/serve/listener.ts'
import { createMetrics, createMintkeeper } from '../src/index.ts'
import { createLog, SILENT_LOG } from '../src/log/log.ts'
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

process.send?.({ port: await start(kind as ServerKind) })
process.on('message', async (wish) => {
  if (wish === 'usage') process.send?.(usage())
  if (wish === 'purge') purge = startPurge()
  if (wish === 'rest' && purge !== null) {
    purge.stop()
    process.send?.({ purged: await purge.rows })
  }
})
process.on('disconnect', () => process.exit())

/** The port it listens at. */
async function start(wanted: ServerKind): Promise<number> {
  switch (wanted) {
    case 'bare':
      return await listen(bare())
    case 'ceiling':
      return await listen(ceiling(place))
    case 'mintkeeper':
      return await mintkeeper()
    // Loaded only where they run: neither memory nor time of the others is theirs.
    case 'oidc-provider':
      return await listen(await (await import('./peers/oidc-provider.ts')).oidcProvider())
    case 'oauth2-server':
      return await listen((await import('./peers/oauth2-server.ts')).oauth2Server())
  }
}

async function listen(listener: RequestListener): Promise<number> {
  // Longer than any client here rests, as the listener of `serve` has it.
  const server = createServer({ keepAliveTimeout: 65_000 }, listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

/** As `mintkeeper serve` has it, without the control plane. */
async function mintkeeper(): Promise<number> {
  const metrics = createMetrics({ process: true })
  const database = place.startsWith('postgres:') ? place : `sqlite:${place}/bench.db`
  const own: ProcessSettings = JSON.parse(settings)
  const log = own.logLevel === undefined ? SILENT_LOG : createLog(own.logLevel)
  const { node, operations } = await createMintkeeper(benchConfig(database, own), {
    metrics,
    log,
  })
  startPurge = () => {
    const state = { stopped: false }
    const rows = purgeExpired(operations, { isStopped: () => state.stopped })
    const stop = () => {
      state.stopped = true
    }
    return { rows, stop }
  }
  return (await openListener(node, { host: '127.0.0.1', port: 0, portFlag: '--port', log })).port
}

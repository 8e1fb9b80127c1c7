import { printableDatabase } from '../../config/network-values.ts'
import type { Config } from '../../config/schema.ts'
import type { Log, LogLevel } from '../../log/log.ts'
import { createMetrics } from '../../log/metrics.ts'
import { limitRefusals } from '../../log/refusal-limit.ts'
import { type Mintkeeper, openMintkeeper } from '../../server.ts'
import { CommandFailed, EXIT } from '../failure.ts'
import { fromConfiguration } from '../from-configuration.ts'
import { packageVersion } from '../version.ts'
import { adminHandler } from './admin-plane.ts'
import type { AdminTokenNotice } from './admin-token.ts'
import { settleHeap } from './heap.ts'
import { keepInspectorClosed } from './inspector.ts'
import { type Listener, openListener } from './listener.ts'
import { stopSignals } from './stop-signal.ts'

/** How long requests that are underway may take when the server stops. */
const GRACE_MS = 10_000

/** A server that answers. */
export interface Running {
  /** Of the token plane. */
  readonly url: string
  /** Of the control plane; null: it is off. */
  readonly adminUrl: string | null
}

export interface ServerOptions {
  readonly config: Config
  readonly log: Log
  /** Told once, when every port is open. */
  readonly onRunning: (running: Running) => void
  readonly adminTokenNotice: AdminTokenNotice
}

/**
 * Serves both planes until a signal asks it to stop, and resolves when it has. Ports are opened when the store is open
 * and the keys are there, so that who can connect gets an answer. A second signal, or the end of the grace time, ends
 * the process.
 */
export async function runServer(options: ServerOptions): Promise<void> {
  const { config, log } = options
  endOnBugs(log)
  keepInspectorClosed(log)
  const signals = stopSignals()
  void signals.second.then((signal) => endNow(log, `another ${signal}`))
  const metrics = createMetrics({ version: packageVersion(), process: true })
  const mintkeeper = await fromConfiguration(
    openMintkeeper(config, { log: requestLog(config.logLevel, log), metrics }),
  )
  const listeners: Listener[] = []
  const state = { stopping: false, answered: false }
  try {
    if (mintkeeper.directory().tenants.length === 0) throw noTenants()
    const { host, port, adminPort, drainSeconds } = config.server
    const handler =
      adminPort === 0
        ? null
        : await adminHandler(mintkeeper, { ...options, metrics, isServing: () => !state.stopping })
    settleHeap()
    const token = await openListener(mintkeeper.node, { host, port, portFlag: '--port', log })
    listeners.push(token)
    const admin =
      handler === null
        ? null
        : await openListener(handler, { host, port: adminPort, portFlag: '--admin-port', log })
    if (admin !== null) listeners.push(admin)
    announce(token, admin, mintkeeper, options)
    const signal = await signals.first
    state.stopping = true
    log.info('stopping', { signal })
    // Not cleared: it also ends a process that has something left which keeps it alive.
    const graceOver = () => endNow(log, 'the grace time is over', state.answered ? EXIT.ok : EXIT.failure)
    setTimeout(graceOver, drainSeconds * 1000 + GRACE_MS).unref()
    await token.drain(drainSeconds * 1000)
    // The control plane goes last: until then it says that the server is not ready any more.
    await admin?.drain()
    // What is left is the farewell to the database, which may be gone: nobody waits for that.
    state.answered = true
    await mintkeeper.close()
    log.info('stopped')
  } catch (thrown) {
    for (const listener of listeners) listener.destroy()
    await mintkeeper.close()
    throw thrown
  }
}

/** Who asks for the details has every line; else nobody who is refused fills the disk. */
function requestLog(level: LogLevel, log: Log): Log {
  if (level === 'debug' || level === 'trace') return log
  const limited = limitRefusals(log)
  // Before the log itself writes what is left.
  process.prependListener('exit', limited.flush)
  return limited
}

function announce(
  token: Listener,
  admin: Listener | null,
  mintkeeper: Mintkeeper,
  { config, log, onRunning }: ServerOptions,
): void {
  log.info('started', {
    version: packageVersion(),
    node: process.version,
    database: printableDatabase(config.database),
    tenants: mintkeeper.directory().tenants.map(({ id }) => id),
  })
  log.info('listening', { plane: 'token', url: token.url, port: token.port })
  if (admin !== null) log.info('listening', { plane: 'control', url: admin.url, port: admin.port })
  onRunning({ url: token.url, adminUrl: admin?.url ?? null })
}

/** For who has no patience, or no time. What was answered is stored already. */
function endNow(log: Log, reason: string, exitCode: number = EXIT.failure): never {
  log.warn('stopped before everything was finished', { reason })
  process.exit(exitCode)
}

/** What nobody caught leaves the process in a state that nobody knows: better none than that. */
function endOnBugs(log: Log): void {
  process.on('uncaughtException', (error, origin) => {
    log.error('stopped by a bug', error, { origin })
    process.exit(EXIT.failure)
  })
}

function noTenants(): CommandFailed {
  return new CommandFailed(
    'There is no tenant, neither in a configuration file nor in the database. Write a file with: mintkeeper init',
    EXIT.configuration,
  )
}

import { DatabaseRefused, StoreUnavailable } from '../../store/errors.ts'
import { type Connection, type ConnectionOptions, connect } from './connection.ts'
import { DATABASE_TIME, type DatabaseTime } from './database-time.ts'

/** Opens connections that fit; a server that is gone is not hammered. */
export interface Connector {
  /** Rejects with `StoreUnavailable`: at once while the last failure is too recent. */
  connect(onClosed: () => void): Promise<Connection>
}

/** After a failure nobody tries again for so long, twice as long after each further one, up to the longest. */
const FIRST_PAUSE_MS = 50
const LONGEST_PAUSE_MS = 1000

/** What a node may rely on with every session: it may lead to another server than the last one did. */
const SESSION = `select pg_is_in_recovery(), current_setting('synchronous_commit'), current_setting('fsync'),
  current_setting('server_version_num')::bigint, current_setting('server_encoding'), ${DATABASE_TIME}`

const OLDEST_VERSION = 150_000

export interface ConnectorOptions extends ConnectionOptions {
  /** Is told, once, what the operator should know of the server's settings. */
  readonly onWarning: (message: string) => void
  readonly onTime?: DatabaseTime['observe'] | undefined
}

export function createConnector(options: ConnectorOptions): Connector {
  let failures = 0
  let pauseEndsAtMs = 0
  let lastFailure: unknown = null
  const warned = new Set<string>()

  function warnOnce(message: string): void {
    if (warned.has(message)) return
    warned.add(message)
    options.onWarning(message)
  }

  async function checked(connection: Connection): Promise<Connection> {
    try {
      const askedAtMs = performance.now()
      const rows = await connection.run({ sql: SESSION, parameters: [], returns: 'rows' })
      const answeredAtMs = performance.now()
      const [inRecovery, synchronousCommit, fsync, version, encoding, timeMs] =
        (Array.isArray(rows) && rows[0]) || []
      if (inRecovery === true) {
        throw new DatabaseRefused('it is a read replica, which lags behind: name the primary server')
      }
      if (Number(version) < OLDEST_VERSION) {
        throw new DatabaseRefused(`its PostgreSQL is too old (${version}): use version 15 or later`)
      }
      if (encoding !== 'UTF8') {
        throw new DatabaseRefused(`its encoding is ${encoding}: create it with encoding UTF8`)
      }
      if (synchronousCommit === 'off') {
        warnOnce('the database has synchronous_commit=off, with which tokens could be lost: it is overridden')
      }
      if (fsync === 'off') {
        warnOnce('the database has fsync=off: a crash of its machine loses tokens, and maybe the database')
      }
      options.onTime?.(Number(timeMs), askedAtMs, answeredAtMs)
      return connection
    } catch (error) {
      connection.destroy()
      throw error
    }
  }

  return {
    async connect(onClosed) {
      if (performance.now() < pauseEndsAtMs) {
        throw new StoreUnavailable('the database could not be reached just now', { cause: lastFailure })
      }
      try {
        const connection = await checked(await connect(options, onClosed))
        failures = 0
        // It is back: whoever was told just now that it is not may try again.
        pauseEndsAtMs = 0
        return connection
      } catch (cause) {
        failures += 1
        lastFailure = cause
        const pauseMs = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** failures)
        // Many nodes that lost the same server do not come back all at once.
        pauseEndsAtMs = performance.now() + pauseMs * (0.5 + Math.random() / 2)
        throw new StoreUnavailable('the database could not be reached', { cause })
      }
    },
  }
}

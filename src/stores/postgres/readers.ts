import { StoreUnavailable } from '../../store/errors.ts'
import type { SqlRow, SqlValue } from '../sql/operation.ts'
import type { Connection } from './connection.ts'
import type { Connector } from './connector.ts'
import { faultOf, unavailable } from './failure.ts'

export interface Readers {
  read(sql: string, parameters: readonly SqlValue[]): Promise<readonly SqlRow[]>
  close(): Promise<void>
  statistics(): ReaderStatistics
}

export interface ReaderStatistics {
  readonly open: number
  readonly pending: number
}

export interface ReadersOptions {
  readonly connector: Connector
  /** How many connections are opened at most. */
  readonly size: number
  /** How long a read may take in all, in milliseconds. */
  readonly timeoutMs: number
}

/** More than a server answers in time: one that is behind by so much is better left to recover. */
const MAX_PENDING = 2000

/**
 * Connections that are shared: a read goes, behind others if need be, to the one with the fewest. One more is opened
 * when all have something to do, until there are `size`.
 */
export function createReaders({ connector, size, timeoutMs }: ReadersOptions): Readers {
  const open = new Set<Connection>()
  let connecting: Promise<Connection> | null = null
  let pending = 0
  let closed = false

  function connect(): Promise<Connection> {
    connecting ??= connector
      .connect(() => {
        for (const connection of open) if (!connection.isOpen) open.delete(connection)
      })
      .then((connection) => {
        open.add(connection)
        return connection
      })
      .finally(() => {
        connecting = null
      })
    return connecting
  }

  function leastBusy(): Connection | null {
    let best: Connection | null = null
    for (const connection of open) {
      if (connection.isOpen && (best === null || connection.pending < best.pending)) best = connection
    }
    return best
  }

  async function run(sql: string, parameters: readonly SqlValue[]): Promise<readonly SqlRow[]> {
    let connection = leastBusy()
    if (connection === null) connection = await connect()
    else if (connection.pending > 0 && open.size < size) connect().catch(() => {})
    return (await connection.run({ sql, parameters, returns: 'rows' })) as readonly SqlRow[]
  }

  return {
    read(sql, parameters) {
      if (closed) return Promise.reject(new StoreUnavailable('the database is closed'))
      if (pending >= MAX_PENDING) return Promise.reject(new StoreUnavailable('too many reads wait'))
      pending += 1
      return new Promise<readonly SqlRow[]>((resolve, reject) => {
        const deadline = setTimeout(() => {
          reject(new StoreUnavailable('the database did not answer in time'))
        }, timeoutMs)
        run(sql, parameters)
          .then(resolve, (error: unknown) => {
            reject(faultOf(error) === 'own' ? error : unavailable('the database could not be read', error))
          })
          .finally(() => {
            clearTimeout(deadline)
            pending -= 1
          })
      })
    },
    async close() {
      closed = true
      await connecting?.catch(() => {})
      await Promise.all([...open].map((connection) => connection.close()))
    },
    statistics: () => ({ open: open.size, pending }),
  }
}

import { StoreUnavailable } from '../../store/errors.ts'
import type { GenerationOf } from '../sql/kept-rows.ts'
import type { SqlRow, SqlStatement, SqlValue } from '../sql/operation.ts'
import type { Connection } from './transaction.ts'
import type { WalIndex } from './wal-index.ts'

export interface Reader {
  /** Rejects with `StoreUnavailable` if the database can not be read. */
  read(sql: string, parameters: readonly SqlValue[]): Promise<readonly SqlRow[]>
  readonly generationOf: GenerationOf
  /** To be called before the connection does anything but read. */
  end(): void
}

/** Grows with each transaction that another connection commits. */
const DATA_VERSION: SqlStatement = { sql: 'pragma data_version', parameters: [], returns: 'rows' }

/**
 * Reads over the connection that writes. All reads of one turn of the event loop share a transaction, for each of its
 * own would take and leave locks of the file, which costs more than what is read: unless anybody commits meanwhile.
 * Whether they do is asked in each callback of the event loop, so that no request is answered with what was true only
 * before it came: the edges begin none in the callback in which it comes.
 */
export function createReader(connection: Connection, index: Pick<WalIndex, 'commits'>): Reader {
  let isReading = false
  /** In this callback and the microtasks that follow it. */
  let isCurrent = false
  let commitsBefore = 0
  let othersGeneration = 0

  /** Throws what SQLite does. */
  function begin(): void {
    if (isReading && isCurrent) return
    const count = index.commits()
    if (!isReading || count !== commitsBefore) {
      end()
      beginAnew()
      commitsBefore = count
    }
    isCurrent = true
    process.nextTick(forget)
  }

  function beginAnew(): void {
    // Only if taking back a batch has failed: what it wrote must not be seen.
    if (connection.inTransaction()) connection.execute('rollback')
    connection.execute('begin')
    const [row] = connection.run(DATA_VERSION) as readonly SqlRow[]
    othersGeneration = Number(row?.[0])
    isReading = true
    setImmediate(end)
  }

  function forget(): void {
    isCurrent = false
  }

  function end(): void {
    if (!isReading) return
    isReading = false
    try {
      connection.execute('rollback')
    } catch {
      // Whoever begins the next transaction takes back what is left of this one.
    }
  }

  return {
    async read(sql, parameters) {
      try {
        begin()
        return connection.run({ sql, parameters, returns: 'rows' }) as readonly SqlRow[]
      } catch (cause) {
        if (!connection.isFailure(cause)) throw cause
        throw new StoreUnavailable('the database could not be read', { cause })
      }
    },
    generationOf(table) {
      try {
        begin()
        return othersGeneration + connection.ownGeneration(table)
      } catch {
        return null
      }
    },
    end,
  }
}

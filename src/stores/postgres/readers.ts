import { StoreUnavailable } from '../../store/errors.ts'
import type { AfterRequests } from '../after-requests.ts'
import type { SqlResult, SqlRow, SqlStatement, SqlValue } from '../sql/operation.ts'
import type { Connection } from './connection.ts'
import type { Connector } from './connector.ts'
import { faultOf, unavailable } from './failure.ts'
import { isMergeable, merge } from './merge.ts'

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
  readonly afterRequests?: AfterRequests | undefined
}

/** More than a server answers in time: one that is behind by so much is better left to recover. */
const MAX_PENDING = 2000

/** Bounds how long one answer keeps the event loop. */
const MOST_MERGED = 128

interface Gathered {
  readonly statement: SqlStatement
  readonly resolve: (rows: SqlResult) => void
  readonly reject: (error: unknown) => void
}

/**
 * Connections that are shared: a read goes, behind others if need be, to the one with the fewest. One more is opened
 * when all have something to do, until there are `size`.
 */
export function createReaders(options: ReadersOptions): Readers {
  const { connector, size, timeoutMs, afterRequests = setImmediate } = options
  const open = new Set<Connection>()
  let connecting: Promise<Connection> | null = null
  let pending = 0
  let closed = false
  /** What is asked for in this turn of the event loop, and may be asked for at once. */
  let gathered: Gathered[] = []

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

  async function run(statement: SqlStatement): Promise<SqlResult> {
    let connection = leastBusy()
    if (connection === null) connection = await connect()
    else if (connection.pending > 0 && open.size < size) connect().catch(() => {})
    return await connection.run(statement)
  }

  function gather(statement: SqlStatement): Promise<SqlResult> {
    return new Promise((resolve, reject) => {
      if (gathered.length === 0) afterRequests(sendGathered)
      gathered.push({ statement, resolve, reject })
    })
  }

  function sendGathered(): void {
    const members = gathered.slice(0, MOST_MERGED)
    gathered = gathered.slice(MOST_MERGED)
    if (gathered.length > 0) setImmediate(sendGathered)
    for (const { statement, places, answersOf } of merge(members.map((member) => member.statement))) {
      run(statement).then(
        (result) => {
          for (const [index, answer] of answersOf(result).entries()) {
            members[places[index] as number]?.resolve(answer)
          }
        },
        (error: unknown) => {
          for (const place of places) members[place]?.reject(error)
        },
      )
    }
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
        const statement: SqlStatement = { sql, parameters, returns: 'rows' }
        const rows = isMergeable(sql) ? gather(statement) : run(statement)
        rows
          .then(resolve as (rows: SqlResult) => void, (error: unknown) => {
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

import pg from 'pg'
import type { SqlResult, SqlRow, SqlStatement } from '../sql/operation.ts'
import { faultOf } from './failure.ts'
import type { PreparedText } from './statement.ts'

export interface ConnectionOptions {
  readonly url: string
  /** How long it may be silent while it is asked something, in milliseconds. */
  readonly timeoutMs: number
  /** How long connecting may take; by default as long. */
  readonly connectTimeoutMs?: number
  readonly translate: (sql: string) => PreparedText
  /** False: statements are sent without their names, and prepared anew each time. */
  readonly named: boolean
}

/**
 * One session with the server. Statements are sent as they come, without waiting for those before (pipeline mode),
 * and answered in the order they were sent.
 */
export interface Connection {
  /** Statements that were sent and not answered yet. */
  readonly pending: number
  readonly isOpen: boolean
  /** Rejects with the server's error; where nothing is known of the session any more, it is closed. */
  run(statement: SqlStatement): Promise<SqlResult>
  /** Sends commands without parameters, several separated by `;`; the tag of the last, such as `COMMIT`. */
  execute(commands: string): Promise<string>
  /** Says goodbye; what was sent is answered first. */
  close(): Promise<void>
  /** Cuts the connection; what was sent is lost. */
  destroy(): void
}

/** Integers of 64 bits are keys and times, which a number holds exactly; bytes come as `\x` and hexadecimal digits. */
const INT8 = 20
const BYTEA = 17
const TYPES: pg.CustomTypesConfig = {
  getTypeParser(id, format) {
    if (id === INT8) return Number
    if (id === BYTEA) return (text: string) => new Uint8Array(Buffer.from(text.slice(2), 'hex'))
    return pg.types.getTypeParser(id, format)
  },
}

/** It is looked for an answer so often in the time it may take, and once more: the first look may come too early. */
const LOOKS = 4

/** So long a server is waited for that has nothing left to answer. */
const GOODBYE_MS = 250

/** A way that is dead without saying so is noticed while nothing is asked, too. */
const KEEP_ALIVE_MS = 30_000

/** Opens a session. Rejects with the error of the network or of the server. */
export async function connect(options: ConnectionOptions, onClosed: () => void): Promise<Connection> {
  const { url, timeoutMs, connectTimeoutMs = timeoutMs } = options
  const client = new pg.Client({
    connectionString: url,
    application_name: 'mintkeeper',
    connectionTimeoutMillis: connectTimeoutMs,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_MS,
    pipeline: true,
    types: TYPES,
  })
  // Whoever waits for an answer is told; nobody else needs to know.
  client.on('error', () => {})
  try {
    await client.connect()
  } catch (error) {
    destroy(client)
    throw error
  }
  return connectionOver(client, options, onClosed)
}

function connectionOver(client: pg.Client, options: ConnectionOptions, onClosed: () => void): Connection {
  const { timeoutMs, translate, named } = options
  let pending = 0
  let isOpen = true
  let answers = 0

  function closed(): void {
    if (!isOpen) return
    isOpen = false
    clearInterval(watch)
    onClosed()
  }
  client.once('end', closed)
  client.on('error', closed)

  /** Without any answer for so long, the server or the way to it is gone, whatever the socket says. */
  let answersBefore = 0
  let silences = 0
  const watch = setInterval(() => {
    silences = pending > 0 && answers === answersBefore ? silences + 1 : 0
    answersBefore = answers
    if (silences <= LOOKS) return
    // A transaction has limits of its own; and a commit that waits for a standby must not be ended without it.
    if (client.getTransactionStatus() === 'I') cancel(client, timeoutMs)
    cut()
  }, timeoutMs / LOOKS)
  watch.unref()

  function cut(): void {
    closed()
    destroy(client)
  }

  function send<T>(query: pg.QueryConfig | pg.QueryArrayConfig, read: (result: pg.QueryArrayResult) => T) {
    return new Promise<T>((resolve, reject) => {
      if (!isOpen) return reject(new Error('the connection to the database is closed'))
      pending += 1
      void client.query(query as pg.QueryArrayConfig, (error: Error | null, result: pg.QueryArrayResult) => {
        pending -= 1
        answers += 1
        if (!error) return resolve(read(result))
        reject(error)
        if (faultOf(error) === 'lost') cut()
      })
    })
  }

  return {
    get pending() {
      return pending
    },
    get isOpen() {
      return isOpen
    },
    run({ sql, parameters, returns }) {
      const { name, text } = translate(sql)
      const query = { text, values: parameters as unknown[], rowMode: 'array' as const }
      return send<SqlResult>(named && name !== null ? { ...query, name } : query, (result) =>
        returns === 'changes' ? (result.rowCount ?? 0) : (result.rows as readonly SqlRow[]),
      )
    },
    execute: (commands) =>
      send({ text: commands }, (result: pg.QueryArrayResult | readonly pg.QueryArrayResult[]) => {
        const last = Array.isArray(result) ? result.at(-1) : result
        return (last as pg.QueryArrayResult).command
      }),
    async close() {
      if (!isOpen) return
      isOpen = false
      clearInterval(watch)
      const deadline = setTimeout(() => destroy(client), pending > 0 ? timeoutMs : GOODBYE_MS)
      await client.end().catch(() => {})
      clearTimeout(deadline)
    },
    destroy: cut,
  }
}

/**
 * Asks the server to end what it does for a client who goes. By itself it would not notice while it waits for a lock,
 * and in time have no connection left.
 */
function cancel(client: pg.Client, timeoutMs: number): void {
  const { host, port, processID, secretKey } = client as pg.Client & BackendKey
  const connection = new pg.Connection() as pg.Connection & CancelRequests
  connection.on('error', () => {})
  connection.on('connect', () => connection.cancel(processID, secretKey))
  if (host.startsWith('/')) connection.connect(`${host}/.s.PGSQL.${port}`)
  else connection.connect(port, host)
  setTimeout(() => connection.stream.destroy(), timeoutMs).unref()
}

/** What the types of the driver leave out: how the server knows a session (PostgreSQL manual, 54.2.9). */
interface BackendKey {
  readonly processID: number
  readonly secretKey: number
}
interface CancelRequests {
  connect(port: number, host: string): void
  connect(socket: string): void
  cancel(processID: number, secretKey: number): void
}

/** The stream is what a client that hangs still listens to. */
function destroy(client: pg.Client): void {
  client.connection.stream.destroy()
}

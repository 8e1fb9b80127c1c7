import pg from 'pg'
import { DATABASE_TIME, type DatabaseTime } from './database-time.ts'
import { CHANNEL, ROWS_CHANNEL } from './dialect.ts'

export interface Notifications {
  close(): Promise<void>
}

export interface NotificationsOptions {
  /** Of a server or of a pooler that keeps sessions. */
  readonly url: string
  readonly timeoutMs: number
  /** Is told which table was changed; null: anything may have been, for nobody listened for a while. */
  readonly onChange: (table: string | null) => void
  /** Is told a table of which rows that are kept were changed. */
  readonly onRows: (table: string) => void
  /** Is told that it was told of all that was confirmed before a reading of `performance.now()`; null: nobody listens. */
  readonly onHeard: (untilMs: number | null) => void
  /** Asks `IDENTITY` where all else is asked. */
  readonly identify: () => Promise<unknown>
  /** Is told, once, that whoever listens hears nothing of what is written, or not for certain. */
  readonly onDeaf: () => void
  /** Is told, once for each time it was lost, why nobody listens. */
  readonly onLost: (cause: unknown) => void
  readonly onTime?: DatabaseTime['observe'] | undefined
}

const FIRST_PAUSE_MS = 100
const LONGEST_PAUSE_MS = 2000

/** Several times in the age that kept rows may have: what was heard is known by an answer only. */
const HEARTBEAT_MS = 250

/** The same wherever one server is asked in one database, and nowhere else. */
export const IDENTITY = `select current_database() || ' ' || pg_postmaster_start_time()`

const BEAT = `select ${DATABASE_TIME} as now, pg_backend_pid() as pid, (${IDENTITY}) as identity`

interface Beat {
  readonly now: string
  readonly pid: number
  readonly identity: string
}

/** Listens for what other nodes have changed, in a session of its own, which is made again whenever it is lost. */
export function listen(options: NotificationsOptions): Notifications {
  const { url, timeoutMs, onChange, onRows, onHeard, identify, onDeaf, onLost, onTime } = options
  let client: pg.Client | null = null
  let timer: NodeJS.Timeout | null = null
  let failures = 0
  let closed = false
  let isDeaf = false

  function later(run: () => void, ms: number): void {
    if (closed) return
    timer = setTimeout(run, ms)
    timer.unref()
  }

  function lost(from: pg.Client, cause: unknown): void {
    if (client !== from) return
    client = null
    onHeard(null)
    if (timer !== null) clearTimeout(timer)
    from.connection.stream.destroy()
    openLater(cause)
  }

  function openLater(cause: unknown): void {
    if (closed) return
    if (failures === 0) onLost(cause)
    failures += 1
    later(open, Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** failures) * (0.5 + Math.random() / 2))
  }

  function open(): void {
    let opened: pg.Client
    try {
      opened = createClient(url, timeoutMs)
    } catch (cause) {
      // It reads files that the URL names, such as certificates.
      openLater(cause)
      return
    }
    client = opened
    opened.on('error', (cause) => lost(opened, cause))
    opened.on('end', () => lost(opened, new Error('the session ended')))
    opened.on('notification', ({ channel, payload = '' }) => {
      if (channel === ROWS_CHANNEL) onRows(payload)
      else onChange(payload)
    })
    opened
      .connect()
      .then(() => opened.query(`listen ${CHANNEL}; listen ${ROWS_CHANNEL}`))
      .then(() => {
        failures = 0
        onChange(null)
        beat(opened)
      })
      .catch((cause: unknown) => lost(opened, cause))
  }

  function beat(on: pg.Client): void {
    ask(on).then(
      () => later(() => beat(on), HEARTBEAT_MS),
      (cause: unknown) => lost(on, cause),
    )
  }

  /**
   * A session is told what it listens for before the end of the answer to what it is asked next: whatever was
   * confirmed before it is asked has been heard of then (`PostgresMain`: notifications go before `ReadyForQuery`).
   */
  async function ask(on: pg.Client): Promise<void> {
    const askedAtMs = performance.now()
    const elsewhere = identify().catch(() => null)
    const { rows } = await on.query<Beat>(BEAT)
    const [{ now, pid, identity }] = rows as [Beat]
    onTime?.(Number(now), askedAtMs, performance.now())
    const other = await elsewhere
    if (client !== on || other === null) return
    // A pooler has sessions of its own, and tells whoever it gives one of them what it was listening for.
    const isOwn = pid === (on as pg.Client & { readonly processID: number }).processID
    if (isOwn && identity === other) return onHeard(askedAtMs)
    if (!isDeaf) onDeaf()
    isDeaf = true
  }

  open()
  return {
    async close() {
      closed = true
      if (timer !== null) clearTimeout(timer)
      const last = client
      client = null
      last?.connection.stream.destroy()
    },
  }
}

function createClient(url: string, timeoutMs: number): pg.Client {
  return new pg.Client({
    connectionString: url,
    application_name: 'mintkeeper listener',
    connectionTimeoutMillis: timeoutMs,
    query_timeout: timeoutMs,
    keepAlive: true,
  })
}

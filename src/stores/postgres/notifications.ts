import pg from 'pg'
import { DATABASE_TIME, type DatabaseTime } from './database-time.ts'
import { CHANNEL } from './dialect.ts'

export interface Notifications {
  close(): Promise<void>
}

export interface NotificationsOptions {
  /** Of a server or of a pooler that keeps sessions. */
  readonly url: string
  readonly timeoutMs: number
  /** Is told which table was changed; null: anything may have been, for nobody listened for a while. */
  readonly onChange: (table: string | null) => void
  /** Is told, once for each time it was lost, why nobody listens. */
  readonly onLost: (cause: unknown) => void
  readonly onTime?: DatabaseTime['observe'] | undefined
}

const FIRST_PAUSE_MS = 100
const LONGEST_PAUSE_MS = 2000

/** How often a session that hears nothing is asked whether it is still there. */
const HEARTBEAT_MS = 5000

/** Listens for what other nodes have changed, in a session of its own, which is made again whenever it is lost. */
export function listen({ url, timeoutMs, onChange, onLost, onTime }: NotificationsOptions): Notifications {
  let client: pg.Client | null = null
  let timer: NodeJS.Timeout | null = null
  let failures = 0
  let closed = false

  function later(run: () => void, ms: number): void {
    if (closed) return
    timer = setTimeout(run, ms)
    timer.unref()
  }

  function lost(from: pg.Client, cause: unknown): void {
    if (client !== from) return
    client = null
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
    opened.on('notification', ({ payload }) => onChange(payload ?? null))
    opened
      .connect()
      .then(() => opened.query(`listen ${CHANNEL}`))
      .then(() => {
        failures = 0
        onChange(null)
        beat(opened)
      })
      .catch((cause: unknown) => lost(opened, cause))
  }

  function beat(on: pg.Client): void {
    askTime(on).then(
      () => later(() => beat(on), HEARTBEAT_MS),
      (cause: unknown) => lost(on, cause),
    )
  }

  async function askTime(on: pg.Client): Promise<void> {
    const askedAtMs = performance.now()
    const { rows } = await on.query<{ readonly now: string }>(`select ${DATABASE_TIME} as now`)
    onTime?.(Number(rows[0]?.now), askedAtMs, performance.now())
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

/**
 * `postgres/` owns the connections: that there are few, that nobody waits for ever, that a write which was confirmed
 * is durable, and that nodes hear of each other's changes. It runs statements and knows, but for the partitions of
 * `tokens`, no table; what they mean is the concern of `../sql/`.
 *
 * Nothing of a session outlives a transaction but prepared statements, so that a pooler may stand in between
 * (PgBouncer, transaction mode).
 */
import { type Clock, epochSeconds } from '../../protocol/time.ts'
import { DatabaseRefused } from '../../store/errors.ts'
import type { StoreObserver } from '../../store/observer.ts'
import type { Store } from '../../store/store.ts'
import type { AfterRequests } from '../after-requests.ts'
import { createKeySequence, createRandomInteger, type RandomInteger } from '../key-sequence.ts'
import { migrate, readSchema, type SchemaStatus, type Steps } from '../migrations/index.ts'
import { type AuditJournal, createAuditJournal } from '../sql/audit-journal.ts'
import { KEEP_NOTHING, tablesReadFrom } from '../sql/kept-rows.ts'
import { highestKey, keepLane, takeLane } from '../sql/key-lane.ts'
import { change, type Operation, type SqlDriver, select } from '../sql/operation.ts'
import { createSqlStore } from '../sql/store.ts'
import { type Connection, type ConnectionOptions, connect } from './connection.ts'
import { createConnector } from './connector.ts'
import type { DatabaseTime } from './database-time.ts'
import { KEYS_OF_TENANT, LOCK_FAMILY, LOCK_TOKENS, WORDS } from './dialect.ts'
import { type Examination, examine } from './examination.ts'
import { isLockTimeout, refusal } from './failure.ts'
import { createGenerations, type Generations } from './generations.ts'
import { createGroupCommit, type GroupCommit } from './group-commit.ts'
import { IDENTITY, listen } from './notifications.ts'
import { createPurging, LEFT_TO_DROP } from './purge.ts'
import { createReaders, type Readers } from './readers.ts'
import { createTranslation } from './statement.ts'
import { runTransaction } from './transaction.ts'

export interface PostgresDatabase {
  /** `postgres://user:password@host:port/name`, with the parameters of libpq such as `sslmode`. */
  readonly url: string
  readonly clock: Clock
  /** False: a pooler gives every transaction another session, and does not know prepared statements. Default true. */
  readonly namedStatements?: boolean
  /** Of the schema; by default those of this version. */
  readonly steps?: Steps
}

export interface PostgresStoreOptions extends PostgresDatabase {
  /** Of the server itself or of a pooler that keeps sessions; by default `url`. */
  readonly listenUrl?: string | undefined
  /** How many connections are opened at most, at least 3: half of them to read, half to write, one to listen. Default 10. */
  readonly connections?: number
  /** How long a statement may take, a write may wait for its turn, and connecting may take. Default 3000. */
  readonly timeoutMs?: number
  /** Apply the pending steps of the schema. Default true; if false, a database that lacks some is refused. */
  readonly migrate?: boolean
  readonly random?: RandomInteger
  readonly observer?: StoreObserver | undefined
  readonly afterRequests?: AfterRequests | undefined
  /** Is told what the time of the database is, again and again. */
  readonly onTime?: DatabaseTime['observe'] | undefined
  /** Is told what the operator should know. */
  readonly onWarning?: (message: string, cause?: unknown) => void
  /** False: dead tokens are only deleted row by row. Default true. */
  readonly dropsPartitions?: boolean
}

/** Whoever listens would have to hear of every change for that. */
const DEAF =
  `clients and users are read anew for every request, and changes by other nodes are heard of later: a pooler
  or another server is listened to; name the server itself as databaseListen`.replaceAll(/\s+/g, ' ')

const CONNECTIONS = 10
const TIMEOUT_MS = 3000

/** A step of the schema may take its time, and wait for another node that is at it. */
const MIGRATION_TIMEOUT_MS = 15 * 60_000
/** One node at a time changes the schema (an arbitrary number, the same for all). */
const MIGRATION_LOCK = 'select pg_advisory_xact_lock(7313140000)'
/** For all that is done with it: half of what a write of a node that serves may wait. */
const MIGRATION_LOCK_TIMEOUT = "set local lock_timeout = '1500ms'"
const MIGRATION_PAUSE_MS = 3000
const BEGIN_MIGRATION = `begin isolation level read committed;
  set local statement_timeout = ${MIGRATION_TIMEOUT_MS}; set local lock_timeout = 0;
  select set_config('synchronous_commit', 'on', true) where current_setting('synchronous_commit') = 'off'`

/** Whoever only looks at the schema is not kept waiting by a database that hangs. */
const LOOK_TIMEOUT_MS = 10_000
const BEGIN_LOOK = `begin isolation level read committed; set local statement_timeout = ${LOOK_TIMEOUT_MS}`

/**
 * Opens a store in a PostgreSQL database, whose schema is created or brought up to date if need be.
 * Throws `DatabaseRefused` if the database can not be used, with what to do about it.
 */
export async function openPostgresStore(options: PostgresStoreOptions): Promise<Store> {
  const {
    connections = CONNECTIONS,
    timeoutMs = TIMEOUT_MS,
    onWarning = () => {},
    observer,
    afterRequests,
  } = options
  await prepareSchema(options)
  const connector = createConnector({
    ...connectionOptions(options),
    timeoutMs,
    onWarning,
    onTime: options.onTime,
  })
  const size = Math.max(1, Math.floor((connections - 1) / 2))
  const shared = { connector, size, timeoutMs, afterRequests }
  const readers = createReaders(shared)
  const generations = createGenerations()
  const journal = createAuditJournal()
  const { changed: onChanged } = generations
  const writers = createGroupCommit({ ...shared, observer, lockRows: LOCK_TOKENS, onChanged, journal })
  try {
    return await storeOver(options, journal, readers, writers, generations)
  } catch (error) {
    await Promise.all([readers.close(), writers.close()])
    throw refusal(printable(options.url), error)
  }
}

/** Which steps of the schema a database has and lacks. Changes nothing. Throws `DatabaseRefused`. */
export async function readPostgresSchema(database: PostgresDatabase): Promise<SchemaStatus> {
  return await connected(database, LOOK_TIMEOUT_MS, (connection) =>
    runAlone(connection, BEGIN_LOOK, () => readSchema(WORDS, database.steps)),
  )
}

/** What an operator should know of a database. Changes nothing. Throws `DatabaseRefused`. */
export async function examinePostgres(database: PostgresDatabase): Promise<Examination> {
  return await connected(database, LOOK_TIMEOUT_MS, (connection) => runAlone(connection, BEGIN_LOOK, examine))
}

/** Applies the pending steps of the schema, all or none; their names. Throws `DatabaseRefused`. */
export async function migratePostgres(database: PostgresDatabase): Promise<readonly string[]> {
  return await connected(database, MIGRATION_TIMEOUT_MS, (connection) => applySteps(connection, database))
}

async function prepareSchema(options: PostgresStoreOptions): Promise<void> {
  const { pending, newer } = await readPostgresSchema(options)
  if (newer.length > 0) {
    options.onWarning?.(`a newer version has added to the schema (${newer.join(', ')}): update this one soon`)
  }
  if (pending.length === 0) return
  if (options.migrate === false) {
    const lack = `its schema lacks ${pending.join(', ')}: run \`mintkeeper migrate up\` first`
    throw refusal(printable(options.url), new DatabaseRefused(lack))
  }
  await migratePostgres(options)
}

/**
 * A step that waits for a table has all others wait for it who come later. So it does not wait for long, and all is
 * tried again after a while in which they have their turn.
 */
async function applySteps(
  connection: Connection,
  { clock, steps }: PostgresDatabase,
): Promise<readonly string[]> {
  const deadline = performance.now() + MIGRATION_TIMEOUT_MS
  for (;;) {
    try {
      return await runAlone(connection, BEGIN_MIGRATION, function* () {
        yield* select(MIGRATION_LOCK)
        yield* change(MIGRATION_LOCK_TIMEOUT)
        return yield* migrate(WORDS, epochSeconds(clock), steps)
      })
    } catch (error) {
      if (!isLockTimeout(error) || performance.now() > deadline) throw error
    }
    await new Promise((resolve) => setTimeout(resolve, MIGRATION_PAUSE_MS))
  }
}

async function storeOver(
  options: PostgresStoreOptions,
  journal: AuditJournal,
  readers: Readers,
  writers: GroupCommit,
  generations: Generations,
): Promise<Store> {
  const { clock, random = createRandomInteger(), onWarning = () => {} } = options
  const { write, writeTogether } = writers
  const driver: SqlDriver = {
    read: readers.read,
    generationOf: generations.of,
    currentGenerationOf: KEEP_NOTHING,
    write,
    writeTogether,
    lockFamily: LOCK_FAMILY,
    keysOfTenant: KEYS_OF_TENANT,
    skipLocked: 'for update skip locked',
  }
  // A second session besides: if a pooler mixes them up, that shows now.
  await Promise.all([readers.read('select 1', []), readers.read('select 1', [])])
  const lane = await writers.write(() => takeLane(random))
  const keptLane = keepLane(driver, lane)
  const after = await writers.write(highestKey)
  const dropsPartitions = options.dropsPartitions ?? true
  const purging = createPurging({ driver, clock, dropsPartitions, onWarning })
  await purging.prepare()
  let tell: (table: string | null) => void = () => {}
  const listener = listen({
    url: options.listenUrl ?? options.url,
    timeoutMs: options.timeoutMs ?? TIMEOUT_MS,
    onChange: (table) => tell(table),
    onRows: (table) => generations.changed(tablesReadFrom(table)),
    onHeard: (untilMs) => (untilMs === null ? generations.lost() : generations.heard(untilMs)),
    identify: async () => (await readers.read(IDENTITY, []))[0]?.[0],
    onDeaf: () => onWarning(DEAF),
    onLost: (cause) => onWarning('changes by other nodes are heard of later: nobody listens for them', cause),
    onTime: options.onTime,
  })
  const store = createSqlStore({
    driver,
    journal,
    nextKey: createKeySequence({ clock, random, lane: lane.lane, after }),
    lane: lane.lane,
    statistics: () => statisticsOf(readers, writers),
    readBytes: async () => {
      const [row] = await readers.read('select pg_database_size(current_database())', [])
      return { bytes: Number(row?.[0]), freeBytes: null }
    },
    async close() {
      purging.stop()
      await Promise.all([keptLane.close(), listener.close(), writers.close(), readers.close()])
    },
  })
  return {
    ...store,
    purgePace: { rows: 400, pauseMs: 40, leftFor: LEFT_TO_DROP },
    purge: purging.purge,
    onChange(listener) {
      tell = listener
    },
  }
}

function statisticsOf(readers: Readers, writers: GroupCommit) {
  const { transactions, writes, waiting, open, busy } = writers.statistics()
  const reading = readers.statistics()
  return {
    transactions,
    writes,
    waiting,
    logBytes: null,
    pool: {
      size: open + reading.open,
      inUse: busy + Math.min(reading.open, reading.pending),
      waiting: Math.max(0, reading.pending - reading.open),
    },
  }
}

function connectionOptions({
  url,
  namedStatements = true,
}: PostgresDatabase): Omit<ConnectionOptions, 'timeoutMs'> {
  return { url, named: namedStatements, translate: createTranslation() }
}

/** Uses a connection of its own; what goes wrong is told with the name of the database. */
async function connected<T>(
  database: PostgresDatabase,
  timeoutMs: number,
  use: (connection: Connection) => Promise<T>,
): Promise<T> {
  try {
    const connection = await connect(
      { ...connectionOptions(database), timeoutMs, connectTimeoutMs: TIMEOUT_MS },
      () => {},
    )
    try {
      return await use(connection)
    } finally {
      await connection.close()
    }
  } catch (error) {
    throw refusal(printable(database.url), error)
  }
}

async function runAlone<T>(connection: Connection, begin: string, operation: () => Operation<T>): Promise<T> {
  const committed = await runTransaction(connection, { begin, operations: [operation] })
  const [outcome] = committed?.outcomes ?? []
  if (outcome === undefined || 'error' in outcome) throw outcome?.error
  return outcome.value as T
}

/** Without user and password, nor parameters, which may be those too. */
function printable(text: string): string {
  if (!URL.canParse(text)) return 'of an URL that can not be parsed'
  const { protocol, host, pathname } = new URL(text)
  return `${protocol}//${host}${pathname}`
}

/** `server/` owns how the parts are put together, for `../server.ts`: which store, which key, what is done regularly. */
import { existsSync } from 'node:fs'
import type { Config } from '../config/schema.ts'
import { type Log, SILENT_LOG } from '../log/log.ts'
import type { Clock } from '../protocol/time.ts'
import type { StoreObserver } from '../store/observer.ts'
import type { Store } from '../store/store.ts'
import { createMemoryStore } from '../stores/memory.ts'
import type { SchemaStatus } from '../stores/migrations/index.ts'
import { migratePostgres, openPostgresStore, readPostgresSchema } from '../stores/postgres/database.ts'
import { createDatabaseTime } from '../stores/postgres/database-time.ts'
import { messageOf } from '../stores/postgres/failure.ts'
import { migrateSqlite, openSqliteStore, readSqliteSchema } from '../stores/sqlite/database.ts'
import { filePathOf, keyFileOf } from './database-path.ts'

type DatabaseConfig = Pick<
  Config,
  | 'database'
  | 'databaseConnections'
  | 'databaseListen'
  | 'databaseMigration'
  | 'databaseStatements'
  | 'databaseTimeoutSeconds'
>

export interface StoreContext {
  /** By default that of the database, where other nodes use it too, else this machine's. */
  readonly clock?: Clock
  readonly log?: Log
  readonly metrics?: { readonly store: StoreObserver } | undefined
}

export interface OpenStore {
  readonly store: Store
  /** What all who use the store must go by. */
  readonly clock: Clock
}

/** Opens the store that a configuration names. Throws `DatabaseRefused`. */
export async function openStore(config: DatabaseConfig, context: StoreContext): Promise<OpenStore> {
  const database = config.database.reveal()
  if (filePathOf(database) === null && database !== 'memory:') return await openPostgres(config, context)
  const { clock = Date.now } = context
  return { clock, store: await openLocal(config, { ...context, clock }) }
}

/** How far a clock may be off before the operator is told. */
const TOLD_CLOCK_ERROR_MS = 5000

async function openPostgres(config: DatabaseConfig, context: StoreContext): Promise<OpenStore> {
  const { log = SILENT_LOG, metrics } = context
  const time = context.clock === undefined ? createDatabaseTime() : null
  const clock = time?.clock ?? context.clock ?? Date.now
  const store = await openPostgresStore({
    ...postgresOf(config, clock),
    migrate: config.databaseMigration === 'automatic',
    listenUrl: config.databaseListen?.reveal(),
    connections: config.databaseConnections,
    timeoutMs: config.databaseTimeoutSeconds * 1000,
    observer: metrics?.store,
    onWarning: (message, cause) => log.warn(message, cause === undefined ? {} : { cause: messageOf(cause) }),
    onTime: time?.observe,
  })
  const aheadMs = Date.now() - clock()
  if (time !== null && Math.abs(aheadMs) > TOLD_CLOCK_ERROR_MS) {
    const seconds = Math.round(aheadMs / 1000)
    log.warn('the clock of this machine is not that of the database, which counts: set both', { seconds })
  }
  return { store, clock }
}

async function openLocal(
  config: DatabaseConfig,
  { clock, log = SILENT_LOG, metrics }: StoreContext & { readonly clock: Clock },
): Promise<Store> {
  const path = filePathOf(config.database.reveal())
  if (path === null) return createMemoryStore({ clock })
  return await openSqliteStore({
    path,
    clock,
    migrate: config.databaseMigration === 'automatic',
    observer: metrics?.store,
    // A database that is gone must not be replaced by an empty one: its key tells that there was one.
    mustExist: existsSync(keyFileOf(path)),
    onLogSize: (bytes, isLarge) => tellLogSize(log, bytes, isLarge),
  })
}

/** Which steps of the schema a database has and lacks; null: it needs none. Throws `DatabaseRefused`. */
export async function readSchemaOf(config: DatabaseConfig, clock: Clock): Promise<SchemaStatus | null> {
  const database = config.database.reveal()
  if (database === 'memory:') return null
  const path = filePathOf(database)
  if (path === null) return await readPostgresSchema(postgresOf(config, clock))
  return await readSqliteSchema({ path, clock })
}

/** Applies the pending steps of the schema, all or none; their names. Throws `DatabaseRefused`. */
export async function migrateDatabase(config: DatabaseConfig, clock: Clock): Promise<readonly string[]> {
  const database = config.database.reveal()
  if (database === 'memory:') return []
  const path = filePathOf(database)
  if (path === null) return await migratePostgres(postgresOf(config, clock))
  return await migrateSqlite({ path, clock })
}

function postgresOf({ database, databaseStatements }: DatabaseConfig, clock: Clock) {
  return { url: database.reveal(), clock, namedStatements: databaseStatements === 'named' }
}

function tellLogSize(log: Log, bytes: number, isLarge: boolean): void {
  const fields = { logBytes: bytes }
  if (!isLarge) log.info('the log of the database is small again', fields)
  else log.warn('the log of the database is large: some program reads it for very long, end that', fields)
}

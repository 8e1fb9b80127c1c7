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
  readonly clock?: Clock
  readonly log?: Log
  readonly metrics?: { readonly store: StoreObserver } | undefined
}

/** Opens the store that a configuration names. Throws `DatabaseRefused`. */
export async function openStore(config: DatabaseConfig, context: StoreContext): Promise<Store> {
  const { clock = Date.now, log = SILENT_LOG, metrics } = context
  const database = config.database.reveal()
  if (database === 'memory:') return createMemoryStore({ clock })
  const path = filePathOf(database)
  if (path === null) {
    return await openPostgresStore({
      ...postgresOf(config, clock),
      migrate: config.databaseMigration === 'automatic',
      listenUrl: config.databaseListen?.reveal(),
      connections: config.databaseConnections,
      timeoutMs: config.databaseTimeoutSeconds * 1000,
      observer: metrics?.store,
      onWarning: (message, cause) =>
        log.warn(message, cause === undefined ? {} : { cause: messageOf(cause) }),
    })
  }
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

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}

import type { Config } from '../config/schema.ts'
import type { Log } from '../log/log.ts'
import type { Clock } from '../protocol/time.ts'
import type { StoreObserver } from '../store/observer.ts'
import type { Store } from '../store/store.ts'
import type { AfterRequests } from '../stores/after-requests.ts'
import type { SchemaStatus } from '../stores/migrations/index.ts'

export type DatabaseConfig = Pick<
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
  readonly afterRequests?: AfterRequests
}

export interface OpenStore {
  readonly store: Store
  /** What all who use the store must go by. */
  readonly clock: Clock
}

/** What is done with a database that lasts; all of it throws `DatabaseRefused`. */
export interface DatabaseKind {
  open(config: DatabaseConfig, context: StoreContext): Promise<OpenStore>
  /** Which steps of the schema it has and lacks. */
  readSchema(config: DatabaseConfig, clock: Clock): Promise<SchemaStatus>
  /** Applies the pending steps of the schema, all or none; their names. */
  migrate(config: DatabaseConfig, clock: Clock): Promise<readonly string[]>
}

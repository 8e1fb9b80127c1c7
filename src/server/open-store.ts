/** `server/` owns how the parts are put together, for `../server.ts`: which store, which key, what is done regularly. */
import type { Clock } from '../protocol/time.ts'
import { createMemoryStore } from '../stores/memory.ts'
import type { SchemaStatus } from '../stores/migrations/index.ts'
import type { DatabaseConfig, DatabaseKind, OpenStore, StoreContext } from './database-kind.ts'
import { filePathOf } from './database-path.ts'

/** Opens the store that a configuration names. Throws `DatabaseRefused`. */
export async function openStore(config: DatabaseConfig, context: StoreContext): Promise<OpenStore> {
  const kind = await kindOf(config)
  if (kind !== null) return await kind.open(config, context)
  const { clock = Date.now } = context
  return { clock, store: createMemoryStore({ clock }) }
}

/** Which steps of the schema a database has and lacks; null: it needs none. Throws `DatabaseRefused`. */
export async function readSchemaOf(config: DatabaseConfig, clock: Clock): Promise<SchemaStatus | null> {
  const kind = await kindOf(config)
  return kind === null ? null : await kind.readSchema(config, clock)
}

/** Applies the pending steps of the schema, all or none; their names. Throws `DatabaseRefused`. */
export async function migrateDatabase(config: DatabaseConfig, clock: Clock): Promise<readonly string[]> {
  const kind = await kindOf(config)
  return kind === null ? [] : await kind.migrate(config, clock)
}

/** Null: it is in memory. The driver of the other kind is not loaded. */
async function kindOf({ database }: DatabaseConfig): Promise<DatabaseKind | null> {
  const name = database.reveal()
  if (name === 'memory:') return null
  if (filePathOf(name) !== null) return (await import('./sqlite.ts')).SQLITE
  return (await import('./postgres.ts')).POSTGRES
}

import { existsSync } from 'node:fs'
import { type Log, SILENT_LOG } from '../log/log.ts'
import { migrateSqlite, openSqliteStore, readSqliteSchema } from '../stores/sqlite/database.ts'
import type { DatabaseConfig, DatabaseKind } from './database-kind.ts'
import { filePathOf, keyFileOf } from './database-path.ts'

/** A file on this machine. */
export const SQLITE: DatabaseKind = {
  async open(config, { clock = Date.now, log = SILENT_LOG, metrics, afterRequests }) {
    const path = pathOf(config)
    const store = await openSqliteStore({
      path,
      clock,
      migrate: config.databaseMigration === 'automatic',
      observer: metrics?.store,
      afterRequests,
      // A database that is gone must not be replaced by an empty one: its key tells that there was one.
      mustExist: existsSync(keyFileOf(path)),
      onLogSize: (bytes, isLarge) => tellLogSize(log, bytes, isLarge),
    })
    return { store, clock }
  },
  readSchema: (config, clock) => readSqliteSchema({ path: pathOf(config), clock }),
  migrate: (config, clock) => migrateSqlite({ path: pathOf(config), clock }),
}

function pathOf({ database }: DatabaseConfig): string {
  return filePathOf(database.reveal()) ?? ''
}

function tellLogSize(log: Log, bytes: number, isLarge: boolean): void {
  const fields = { logBytes: bytes }
  if (!isLarge) log.info('the log of the database is small again', fields)
  else log.warn('the log of the database is large: some program reads it for very long, end that', fields)
}

import { existsSync } from 'node:fs'
import { printableDatabase } from '../config/network-values.ts'
import type { Config } from '../config/schema.ts'
import { filePathOf, keyFileOf } from '../server/database-path.ts'
import { CommandFailed } from './failure.ts'

/** The path of an SQLite database; null for one that is no file. */
export function databaseFile({ database }: Pick<Config, 'database'>): string | null {
  const path = filePathOf(database.reveal())
  return path === ':memory:' ? null : path
}

/** Where the master key is that the server made for itself; null: it is configured, or nothing is kept. */
export function masterKeyFile(config: Pick<Config, 'database' | 'masterKey'>): string | null {
  const file = databaseFile(config)
  return config.masterKey === null && file !== null ? keyFileOf(file) : null
}

/** A mistyped path must not become a new and empty database. Throws `CommandFailed`. */
export function requireDatabase({ database }: Config): void {
  const file = databaseFile({ database })
  if (file === null || existsSync(file)) return
  throw new CommandFailed(
    `There is no database ${printableDatabase(database)}. Name the configuration that the server runs with ` +
      '(--config FILE), or make the database first: mintkeeper apply FILE',
  )
}

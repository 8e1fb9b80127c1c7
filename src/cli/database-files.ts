import { existsSync } from 'node:fs'
import { printableDatabase } from '../config/network-values.ts'
import type { Config } from '../config/schema.ts'
import { openSqliteStore } from '../stores/sqlite/database.ts'
import { CommandFailed } from './failure.ts'

/** The path of an SQLite database; null for one that is no file. */
export function databaseFile({ database }: Pick<Config, 'database'>): string | null {
  const url = database.reveal()
  const path = url.startsWith('sqlite:') ? url.slice('sqlite:'.length) : null
  return path === ':memory:' ? null : path
}

/** Where the master key is that the server made for itself; null: it is configured, or nothing is kept. */
export function masterKeyFile(config: Pick<Config, 'database' | 'masterKey'>): string | null {
  const file = databaseFile(config)
  return config.masterKey === null && file !== null ? `${file}.key` : null
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

/** A lost master key must not be replaced by a new one, which opens none of the keys there are. Throws `CommandFailed`. */
export async function requireMasterKey(config: Config): Promise<void> {
  const file = databaseFile(config)
  const keyFile = masterKeyFile(config)
  if (file === null || keyFile === null || existsSync(keyFile)) return
  // Asked again at the end: another server may have made the key, and keys sealed with it, in between.
  if (!(await hasSealedKeys(file)) || existsSync(keyFile)) return
  throw new CommandFailed(
    `The master key of ${printableDatabase(config.database)} is neither configured nor in ${keyFile}. ` +
      'Restore the file from a backup, or name the key with --master-key-file FILE',
  )
}

async function hasSealedKeys(path: string): Promise<boolean> {
  if (!existsSync(path)) return false
  // It may well be empty: the server that was making it was killed, or another one is making it right now.
  const store = await openSqliteStore({ path, clock: Date.now })
  try {
    for (const { id } of await store.listTenants()) {
      const keys = await store.listSigningKeys(id)
      if (keys.some(({ sealedPrivateKey }) => sealedPrivateKey !== null)) return true
    }
    return false
  } finally {
    await store.close()
  }
}

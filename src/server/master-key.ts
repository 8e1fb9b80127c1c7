import { existsSync } from 'node:fs'
import { printableDatabase } from '../config/network-values.ts'
import type { Config } from '../config/schema.ts'
import { loadMasterKey, type MasterKeySource } from '../crypto/master-key.ts'
import { createRandom } from '../crypto/random.ts'
import type { MasterKey } from '../crypto/seal.ts'
import type { Store } from '../store/store.ts'
import { filePathOf, keyFileOf } from './database-path.ts'
import { StartRefused } from './start-refused.ts'

/**
 * The key of which nothing in the store needs to be known: the configured one, or one for a store in memory, which
 * needs none that lasts. Null: it is in a file beside an SQLite database. Throws `StartRefused`.
 */
export function knownMasterKey(config: Pick<Config, 'database' | 'masterKey'>): MasterKey | null {
  if (config.masterKey !== null) return masterKeyFrom({ value: config.masterKey.reveal() })
  const database = config.database.reveal()
  if (database === 'memory:') {
    return masterKeyFrom({ value: Buffer.from(createRandom().bytes(32)).toString('base64') })
  }
  if (filePathOf(database) !== null) return null
  throw new StartRefused(
    'With PostgreSQL the master key must be configured, the same on every node. Make one with ' +
      '`openssl rand -base64 32`, and name it with --master-key-file FILE or MINTKEEPER_MASTER_KEY',
  )
}

/** The key in the file beside an SQLite database, which is made with a new database. Throws `StartRefused`. */
export async function masterKeyBeside(config: Config, store: Store): Promise<MasterKey> {
  const file = keyFileOf(filePathOf(config.database.reveal()) ?? '')
  await refuseLostMasterKey(file, config, store)
  return masterKeyFrom({ generateAt: file })
}

/** A new key opens none of the keys that are sealed with a lost one: it must not be made as if nothing had happened. */
async function refuseLostMasterKey(file: string, config: Config, store: Store): Promise<void> {
  if (existsSync(file) || !(await hasSealedKeys(store))) return
  // Another server may have made the key, and sealed keys with it, while this one looked.
  if (existsSync(file)) return
  throw new StartRefused(
    `The master key of ${printableDatabase(config.database)} is neither configured nor in ${file}. ` +
      'Restore the file from a backup, or name the key with --master-key-file FILE',
  )
}

async function hasSealedKeys(store: Store): Promise<boolean> {
  for (const { id } of await store.listTenants()) {
    const keys = await store.listSigningKeys(id)
    if (keys.some(({ sealedPrivateKey }) => sealedPrivateKey !== null)) return true
  }
  return false
}

function masterKeyFrom(source: MasterKeySource): MasterKey {
  try {
    return loadMasterKey(source)
  } catch (cause) {
    throw new StartRefused(cause instanceof Error ? cause.message : String(cause), { cause })
  }
}

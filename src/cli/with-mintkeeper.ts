import { existsSync } from 'node:fs'
import { printableDatabase } from '../config/network-values.ts'
import type { Config } from '../config/schema.ts'
import { SILENT_LOG } from '../log/log.ts'
import type { Tenant } from '../protocol/policy.ts'
import { type Mintkeeper, openMintkeeper } from '../server.ts'
import { CommandFailed, usageFailure } from './failure.ts'
import { loadWith, type StoreOptions } from './options.ts'
import type { Terminal } from './terminal.ts'

/** What a command works with while it runs. */
export interface Opened {
  readonly mintkeeper: Mintkeeper
  readonly config: Config
}

/** As `Opened`, with the tenant it works on. */
export interface OpenedTenant extends Opened {
  readonly tenant: Tenant
}

/**
 * Opens what the options lead to, uses it, and closes it whatever happened. Nothing is created and nothing of the
 * configuration is applied. Throws `ConfigError`, and `CommandFailed` if there is no database.
 */
export async function withMintkeeper<T>(
  options: StoreOptions,
  terminal: Terminal,
  use: (opened: Opened) => Promise<T>,
): Promise<T> {
  const loaded = loadWith(options, terminal).config
  requireDatabase(loaded)
  // A command is gone before anything could be purged.
  const config: Config = { ...loaded, purgeIntervalSeconds: 0 }
  const mintkeeper = await openMintkeeper(config, { log: SILENT_LOG, apply: false })
  try {
    return await use({ mintkeeper, config })
  } finally {
    await mintkeeper.close()
  }
}

/** As `withMintkeeper`, for one tenant: the named one, or the only one there is. */
export async function withTenant<T>(
  options: StoreOptions,
  terminal: Terminal,
  use: (opened: OpenedTenant) => Promise<T>,
): Promise<T> {
  return await withMintkeeper(options, terminal, async (opened) => {
    return await use({ ...opened, tenant: requireTenant(opened.mintkeeper, options.tenant) })
  })
}

/** The tenants a command that may work on all of them is meant for. */
export function chosenTenants(mintkeeper: Mintkeeper, id: string | undefined): readonly Tenant[] {
  return id === undefined ? mintkeeper.directory().tenants : [requireTenant(mintkeeper, id)]
}

function requireTenant(mintkeeper: Mintkeeper, id: string | undefined): Tenant {
  const { tenants } = mintkeeper.directory()
  const [only, ...others] = tenants
  if (only === undefined) {
    throw new CommandFailed(
      'There is no tenant yet. List one in the configuration and run: mintkeeper apply FILE',
    )
  }
  const ids = tenants.map((tenant) => tenant.id).join(', ')
  if (id === undefined) {
    if (others.length > 0) throw usageFailure(`There are several tenants. Name one with --tenant: ${ids}.`)
    return only
  }
  const named = tenants.find((tenant) => tenant.id === id)
  if (named === undefined) throw new CommandFailed(`There is no tenant ${id}. There are: ${ids}.`)
  return named
}

/** A mistyped path must not become a new and empty database, nor a lost key be replaced by one that opens nothing. */
function requireDatabase(config: Config): void {
  const file = databaseFile(config)
  const keyFile = masterKeyFile(config)
  if (file === null) return
  if (!existsSync(file)) {
    throw new CommandFailed(
      `There is no database ${printableDatabase(config.database)}. Name the configuration that the server runs with ` +
        '(--config FILE), or make the database first: mintkeeper apply FILE',
    )
  }
  if (keyFile !== null && !existsSync(keyFile)) {
    throw new CommandFailed(
      `The master key of ${printableDatabase(config.database)} is neither configured nor in ${keyFile}. ` +
        'Restore the file from a backup, or name the key with --master-key-file FILE',
    )
  }
}

/** Where the master key is that the server made for itself; null: it is configured, or nothing is kept. */
export function masterKeyFile(config: Pick<Config, 'database' | 'masterKey'>): string | null {
  const file = databaseFile(config)
  return config.masterKey === null && file !== null ? `${file}.key` : null
}

/** The path of an SQLite database; null for one that is no file. */
export function databaseFile({ database }: Pick<Config, 'database'>): string | null {
  const url = database.reveal()
  const path = url.startsWith('sqlite:') ? url.slice('sqlite:'.length) : null
  return path === ':memory:' ? null : path
}

import type { Config } from '../config/schema.ts'
import { SILENT_LOG } from '../log/log.ts'
import type { Tenant } from '../protocol/policy.ts'
import { type Mintkeeper, openMintkeeper } from '../server.ts'
import { requireDatabase } from './database-files.ts'
import { CommandFailed, usageFailure } from './failure.ts'
import { byOperator } from './operator.ts'
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
 * Opens what the options lead to, with `changes` to the configuration, uses it, and closes it whatever happened. Nothing
 * is created, no schema is changed, and nothing of the configuration is applied. Throws `ConfigError`, `CommandFailed` if there is no
 * database, and `DatabaseRefused` if its schema is not up to date.
 */
export async function withMintkeeper<T>(
  options: StoreOptions,
  terminal: Terminal,
  use: (opened: Opened) => Promise<T>,
  changes: Partial<Config> = {},
): Promise<T> {
  const loaded = loadWith(options, terminal).config
  requireDatabase(loaded)
  // A command is gone before anything could be purged, and other versions may be working with the schema as it is.
  const config: Config = { ...loaded, purgeIntervalSeconds: 0, databaseMigration: 'manual', ...changes }
  const mintkeeper = await openMintkeeper(config, { log: SILENT_LOG, apply: false, by: byOperator() })
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
  changes?: Partial<Config>,
): Promise<T> {
  const ofTenant = async (opened: Opened) => {
    return await use({ ...opened, tenant: requireTenant(opened.mintkeeper, options.tenant) })
  }
  return await withMintkeeper(options, terminal, ofTenant, changes)
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

/** The composition root: the only file that knows every part. */

import { existsSync } from 'node:fs'
import type { Operations } from './admin/operations/operations.ts'
import { startPurging } from './admin/operations/purging.ts'
import { applyTenant, type TenantReport } from './admin/operations/tenants.ts'
import { parseConfig } from './config/load.ts'
import { printableDatabase } from './config/network-values.ts'
import type { Config, MintkeeperConfig } from './config/schema.ts'
import { hmac } from './crypto/digest.ts'
import { loadMasterKey, type MasterKeySource } from './crypto/master-key.ts'
import { createPasswords } from './crypto/password.ts'
import { createRandom, type Random } from './crypto/random.ts'
import { deriveKey, type MasterKey } from './crypto/seal.ts'
import type { Services } from './endpoints/call.ts'
import { type KeptValue, keepValue } from './endpoints/kept-value.ts'
import { createKeyRing } from './endpoints/key-ring.ts'
import { createApp } from './http/app.ts'
import { createFetchHandler, type FetchHandler } from './http/edges/fetch.ts'
import { createOriginOf } from './http/edges/forwarded.ts'
import { createNodeHandler, type NodeHandler } from './http/edges/node.ts'
import { createTenantDirectory, type TenantDirectory } from './http/tenant.ts'
import { type Log, SILENT_LOG } from './log/log.ts'
import type { Metrics } from './log/metrics.ts'
import type { Tenant } from './protocol/policy.ts'
import { Secret } from './protocol/secret.ts'
import type { Clock } from './protocol/time.ts'
import type { SigningKeyRow } from './store/rows.ts'
import type { Store } from './store/store.ts'
import { createMemoryStore } from './stores/memory.ts'
import { openSqliteStore } from './stores/sqlite/database.ts'
import { SURFACES } from './surfaces/index.ts'

export interface MintkeeperOptions {
  /** Where request lines go; by default nowhere. */
  readonly log?: Log
  /** What counts and times, of this server alone; by default nothing does. */
  readonly metrics?: Metrics
  /** Milliseconds since the epoch; by default `Date.now`. */
  readonly clock?: Clock
  readonly random?: Random
  /** Whether a configuration that is new to the store is applied at once; default true. */
  readonly apply?: boolean
}

/** A running token server, without listeners of its own. */
export interface Mintkeeper {
  /** Answers a Fetch `Request` to the token plane. */
  readonly fetch: FetchHandler
  /** Answers a `node:http` pair; with `next`, leaves other paths to the host. */
  readonly node: NodeHandler
  readonly services: Services
  readonly operations: Operations
  /** The tenants as of now. */
  directory(): TenantDirectory
  /** A tenant, though another process may have stored it just now; null if there is none. */
  findTenant(id: string): Promise<Tenant | null>
  /** Writes the configuration's tenants, users and clients where the store has them otherwise. */
  apply(): Promise<readonly TenantReport[]>
  /** Whether the store can be read and written. */
  ready(): Promise<boolean>
  /** Ends timers and the store; what was accepted is written first. */
  close(): Promise<void>
}

/** For programs that have Mintkeeper inside. Throws `ConfigError` with all problems of the configuration. */
export async function createMintkeeper(
  config: MintkeeperConfig,
  options: MintkeeperOptions = {},
): Promise<Mintkeeper> {
  return await openMintkeeper(parseConfig(config).config, options)
}

/** As `createMintkeeper`, for a configuration that was checked already. */
export async function openMintkeeper(config: Config, options: MintkeeperOptions = {}): Promise<Mintkeeper> {
  const store = await openStore(config.database.reveal(), options)
  try {
    return await openOver(store, config, options)
  } catch (thrown) {
    await store.close()
    throw thrown
  }
}

async function openOver(store: Store, config: Config, options: MintkeeperOptions): Promise<Mintkeeper> {
  const { log = SILENT_LOG, clock = Date.now, random = createRandom(), apply: applies = true } = options
  const { metrics } = options
  const masterKey = await openMasterKey(config, store)
  const keys = createKeyRing({
    store,
    clock,
    masterKey,
    onStale(cause) {
      metrics?.reloadFailed('signing_keys')
      log.error('the signing keys could not be read', cause)
    },
  })
  const passwords = createPasswords({ observer: metrics?.passwords })
  const services: Services = {
    store,
    clock,
    random,
    passwords,
    keys,
    rotationKey: deriveKey(masterKey, 'rotation'),
  }
  const operations: Operations = { store, clock, random, passwords }

  const digest = configDigest(config, masterKey)
  const tenants = createTenants(config, store, clock, (cause) => {
    metrics?.reloadFailed('tenants')
    log.error('the tenants could not be read', cause)
  })
  const app = createApp({ services, directory: tenants.current, log, metrics })

  /** With another master key nothing must be written, and no request must be the one that finds out. */
  async function requireKeys(): Promise<void> {
    for (const { id } of tenants.current().tenants) await keys.load(id)
  }

  async function apply(): Promise<readonly TenantReport[]> {
    await requireKeys()
    const reports: TenantReport[] = []
    for (const tenant of config.tenants) reports.push(await applyTenant(operations, tenant))
    await tenants.reload()
    for (const { id, signingAlgorithm, surfaces } of tenants.current().tenants) {
      for (const policy of surfaces.values())
        await keys.ensure(id, policy.signingAlgorithm ?? signingAlgorithm)
    }
    await store.saveFact(APPLIED, digest)
    return reports
  }

  await tenants.reload()
  const known = config.tenants.length === 0 || (await store.findFact(APPLIED)) === digest
  if (applies) await (known ? requireKeys() : apply())
  const purging = startPurging(operations, { intervalSeconds: config.purgeIntervalSeconds, log, metrics })
  metrics?.watch({
    clock,
    store: store.statistics,
    passwords: passwords.statistics,
    signingKeys: () => allSigningKeys(store, tenants.current()),
  })
  return {
    fetch: createFetchHandler(app),
    node: createNodeHandler(app, createOriginOf(config.server.trustedProxies)),
    services,
    operations,
    directory: tenants.current,
    findTenant: async (id) => tenants.current().byId(id) ?? (await tenants.reload()).byId(id),
    apply,
    ready: () =>
      store.check().then(
        () => true,
        () => false,
      ),
    async close() {
      purging.stop()
      await store.close()
    },
  }
}

/** How old the tenants may be before the store is asked again, for changes by other processes. */
const TENANTS_MAX_AGE_MS = 5000

/** The tenants of the store, resolved. */
function createTenants(
  config: Config,
  store: Store,
  clock: Clock,
  onFailure: (cause: unknown) => void,
): KeptValue<TenantDirectory> {
  const { defaultTenant } = config
  const { baseDomains } = config.server
  return keepValue({
    read: async () =>
      createTenantDirectory(await store.listTenants(), SURFACES, { defaultTenant, baseDomains }),
    clock,
    maxAgeMs: TENANTS_MAX_AGE_MS,
    onFailure,
  })
}

/** One after the other: nobody waits for it. */
async function allSigningKeys(store: Store, { tenants }: TenantDirectory): Promise<readonly SigningKeyRow[]> {
  const keys: SigningKeyRow[] = []
  for (const { id } of tenants) keys.push(...(await store.listSigningKeys(id)))
  return keys
}

async function openStore(
  database: string,
  { clock = Date.now, log = SILENT_LOG, metrics }: MintkeeperOptions,
): Promise<Store> {
  if (database === 'memory:') return createMemoryStore({ clock })
  if (database.startsWith('sqlite:')) {
    const path = database.slice('sqlite:'.length)
    // A database that is gone must not be replaced by an empty one: its key tells that there was one.
    return await openSqliteStore({
      path,
      clock,
      observer: metrics?.store,
      mustExist: existsSync(keyFileOf(path)),
      onLogSize: (bytes, isLarge) => tellLogSize(log, bytes, isLarge),
    })
  }
  throw new StartRefused('PostgreSQL is not supported by this version. Set database to sqlite: and a path.')
}

function tellLogSize(log: Log, bytes: number, isLarge: boolean): void {
  const fields = { logBytes: bytes }
  if (!isLarge) log.info('the log of the database is small again', fields)
  else log.warn('the log of the database is large: some program reads it for very long, end that', fields)
}

/** The server can not start as it is configured. The message is for operators, and says what to do next. */
class StartRefused extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'StartRefused'
  }
}

/** The configured key, or a file beside the database; a memory store needs none that lasts. */
async function openMasterKey(config: Config, store: Store): Promise<MasterKey> {
  const database = config.database.reveal()
  if (config.masterKey !== null) return masterKeyFrom({ value: config.masterKey.reveal() })
  if (!database.startsWith('sqlite:')) {
    return masterKeyFrom({ value: Buffer.from(createRandom().bytes(32)).toString('base64') })
  }
  const file = keyFileOf(database.slice('sqlite:'.length))
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

/** Where the master key is that the server makes for itself. */
export function keyFileOf(databasePath: string): string {
  return `${databasePath}.key`
}

/** Name of the fact that tells which configuration the store already has. */
const APPLIED = 'applied_configuration'

/** Says whether a configuration changed, without telling anything about the secrets in it. */
function configDigest(config: Config, masterKey: MasterKey): string {
  const text = JSON.stringify(
    config.tenants,
    function (this: Record<string, unknown>, name: string, value: unknown) {
      // `value` has gone through `toJSON`, which hides secrets.
      const original = this[name]
      return original instanceof Secret ? original.reveal() : value
    },
  )
  return hmac(deriveKey(masterKey, 'configuration'), text)
}

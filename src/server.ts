/** The composition root: the only file that knows every part. */

import type { ActingOperations } from './admin/operations/operations.ts'
import { startPurging } from './admin/operations/purging.ts'
import { applyTenant, type TenantReport } from './admin/operations/tenants.ts'
import { parseConfig } from './config/load.ts'
import type { Config, MintkeeperConfig } from './config/schema.ts'
import { createAuditDigest } from './crypto/audit-digest.ts'
import { createKeyedDigest } from './crypto/keyed-digest.ts'
import { createPasswords } from './crypto/password.ts'
import { createPasswordCache } from './crypto/password-cache.ts'
import { createRandom, type Random } from './crypto/random.ts'
import { deriveKey, type MasterKey } from './crypto/seal.ts'
import type { Services } from './endpoints/call.ts'
import { createSlowClientSecrets } from './endpoints/client-secret-check.ts'
import { createClientSecretUses } from './endpoints/client-secret-uses.ts'
import { createKeyRing } from './endpoints/key-ring.ts'
import { createLoginLimits } from './endpoints/login-limits.ts'
import { createRequestRate } from './endpoints/request-rate.ts'
import { createUsageLedger } from './endpoints/usage-ledger.ts'
import { createApp } from './http/app.ts'
import { createSourceSet } from './http/edges/address-set.ts'
import { createFetchHandler, type FetchHandler } from './http/edges/fetch.ts'
import { createOriginOf } from './http/edges/forwarded.ts'
import { createNodeHandler, type NodeHandler } from './http/edges/node.ts'
import { createTurn, type Turn } from './http/edges/turn.ts'
import type { TenantDirectory } from './http/tenant.ts'
import { type Log, SILENT_LOG } from './log/log.ts'
import type { Metrics } from './log/metrics.ts'
import type { Tenant } from './protocol/policy.ts'
import { Secret } from './protocol/secret.ts'
import type { Clock } from './protocol/time.ts'
import { knownMasterKey, masterKeyBeside } from './server/master-key.ts'
import { oneAtATime } from './server/one-at-a-time.ts'
import { openStore } from './server/open-store.ts'
import { createRefusals } from './server/refusals.ts'
import { createRequestAudit } from './server/request-audit.ts'
import { createTenants, warnOfEnded } from './server/tenants.ts'
import { createUpstreams } from './server/upstream/upstream.ts'
import { type ActedBy, BY_CONFIGURATION, BY_SERVER } from './store/change-event.ts'
import { createLoginBuckets } from './store/login-buckets.ts'
import type { SigningKeyRow } from './store/rows.ts'
import type { Store } from './store/store.ts'

export interface MintkeeperOptions {
  /** Where request lines go; by default nowhere. */
  readonly log?: Log
  /** What counts and times, of this server alone; by default nothing does. */
  readonly metrics?: Metrics
  /** Milliseconds since the epoch; by default the time of a PostgreSQL database, which all its nodes share, else `Date.now`. */
  readonly clock?: Clock
  readonly random?: Random
  /** Who acts through `operations`, for the audit log; by default nobody but the server itself. */
  readonly by?: ActedBy
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
  readonly operations: ActingOperations
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
  // First: who lacks it should not find a new database afterwards, or one with another schema.
  const known = knownMasterKey(config)
  const turn = createTurn()
  const { store, clock } = await openStore(config, { ...options, afterRequests: turn.afterRequests })
  try {
    const masterKey = known ?? (await masterKeyBeside(config, store))
    return await openOver(store, config, masterKey, { ...options, clock, turn })
  } catch (thrown) {
    await store.close()
    throw thrown
  }
}

async function openOver(
  store: Store,
  config: Config,
  masterKey: MasterKey,
  options: MintkeeperOptions & { readonly clock: Clock; readonly turn: Turn },
): Promise<Mintkeeper> {
  const { log = SILENT_LOG, clock, random = createRandom(), apply: applies = true } = options
  const { metrics, by = BY_SERVER } = options
  store.startAudit({
    digest: createAuditDigest(deriveKey(masterKey, 'audit log')),
    // Kept where who can change the database can not, it proves that nothing was taken away before it.
    onHead: (head) => log.info('audit head', { head }),
  })
  const keys = createKeyRing({
    store,
    clock,
    masterKey,
    onStale(cause) {
      metrics?.reloadFailed('signing_keys')
      log.error('the signing keys could not be read', cause)
    },
  })
  const loginBuckets = createLoginBuckets({
    digest: createKeyedDigest(deriveKey(masterKey, 'login failures')),
    failuresPerUser: config.loginFailuresPerUser,
    failuresPerSource: config.loginFailuresPerSource,
    isTrusted: createSourceSet(config.trustedSources),
  })
  const { passwordCacheSeconds: seconds } = config
  const cache = seconds === 0 ? undefined : createPasswordCache({ seconds, clock, random })
  const passwords = createPasswords({
    concurrency: config.passwordHashConcurrency,
    queue: config.passwordHashQueue,
    observer: metrics?.passwords,
    cache,
  })
  const secretUses = createClientSecretUses({
    store,
    onFailure: (cause) => log.error('the last uses of client secrets could not be stored', cause),
  })
  const audit = createRequestAudit({ store, clock, recordsIssues: config.auditIssues })
  const usage = createUsageLedger({
    store,
    clock,
    onFailure: (cause) => log.error('the usage of the last minute could not be stored', cause),
  })
  const upstreams = createUpstreams({ operations: () => operations, observer: metrics?.upstream })
  const services: Services = {
    store,
    clock,
    random,
    passwords,
    logins: createLoginLimits(store, loginBuckets, (run) => void setTimeout(run, 1000).unref()),
    keys,
    rate: createRequestRate(() => performance.now()),
    secretUses,
    slowSecrets: createSlowClientSecrets(),
    audit,
    upstream: upstreams,
    rotationKey: createKeyedDigest(deriveKey(masterKey, 'rotation')),
  }
  const { logins } = services
  // Who reads from one node and changes on another must not be told that somebody else has changed it meanwhile.
  const current = {
    ...store,
    findClient: store.findCurrentClient,
    findUser: store.findCurrentUser,
    // Who starts or ends one through this node finds it so with the next request.
    insertBrownOut: (...change: Parameters<Store['insertBrownOut']>) =>
      thenReload(store.insertBrownOut(...change)),
    endBrownOut: (...change: Parameters<Store['endBrownOut']>) => thenReload(store.endBrownOut(...change)),
  }
  const operations: ActingOperations = { store: current, clock, random, passwords, logins, by }

  const digest = configDigest(config, masterKey)
  const tenantsFailed = (cause: unknown) => {
    metrics?.reloadFailed('tenants')
    log.error('the tenants could not be read', cause)
  }
  const tenants = createTenants(config, store, clock, tenantsFailed)
  // Of a thousand tenants that get new keys, each is told of alone, and each time all keys are read.
  const reloadTenants = oneAtATime(() => tenants.reload().then(() => {}, tenantsFailed))
  const reloadKeys = oneAtATime(() => keys.reload())
  store.onChange((table) => {
    if (table !== 'signing_keys') reloadTenants()
    if (table === null || table === 'signing_keys') reloadKeys()
  })
  const refusals = createRefusals(services, tenants.latest, log)
  const app = createApp({
    services,
    directory: tenants.latest,
    log,
    metrics,
    usage: config.usageRetentionDays === 0 ? undefined : usage,
    refusals: config.refusalRetentionDays === 0 ? undefined : refusals,
  })

  async function thenReload<T>(change: Promise<T>): Promise<T> {
    const outcome = await change
    await tenants.reload().catch(tenantsFailed)
    return outcome
  }

  /** With another master key nothing must be written, and no request must be the one that finds out. */
  async function requireKeys(): Promise<void> {
    for (const { id } of tenants.current().tenants) await keys.load(id)
  }

  async function apply(): Promise<readonly TenantReport[]> {
    await requireKeys()
    const reports: TenantReport[] = []
    for (const tenant of config.tenants) {
      reports.push(await applyTenant({ ...operations, by: BY_CONFIGURATION }, tenant))
    }
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
  warnOfEnded(tenants.current(), clock, log)
  const purging = startPurging(operations, {
    intervalSeconds: config.purgeIntervalSeconds,
    auditRetentionDays: config.auditRetentionDays,
    usageRetentionDays: config.usageRetentionDays,
    refusalRetentionDays: config.refusalRetentionDays,
    log,
    metrics,
  })
  const writing = setInterval(() => {
    void secretUses.write()
    void usage.write()
  }, USES_MS)
  writing.unref()
  metrics?.watch({
    clock,
    store: store.statistics,
    passwords: passwords.statistics,
    upstreams: () => upstreams.states(tenants.current().tenants),
    signingKeys: () => allSigningKeys(store, tenants.current()),
    size: () => store.size(0),
  })
  return {
    fetch: createFetchHandler(app, options.turn),
    node: createNodeHandler(app, createOriginOf(config.server.trustedProxies), options.turn),
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
      clearInterval(writing)
      upstreams.close()
      await Promise.all([secretUses.end(), usage.end(), refusals.end()])
      audit.flush()
      await store.close()
    },
  }
}

/** How often it is written who called, and with which secrets: so much of that is lost with a process that is killed. */
const USES_MS = 60_000

/** One after the other: nobody waits for it. */
async function allSigningKeys(store: Store, { tenants }: TenantDirectory): Promise<readonly SigningKeyRow[]> {
  const keys: SigningKeyRow[] = []
  for (const { id } of tenants) keys.push(...(await store.listSigningKeys(id)))
  return keys
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
  return createKeyedDigest(deriveKey(masterKey, 'configuration'))(text)
}

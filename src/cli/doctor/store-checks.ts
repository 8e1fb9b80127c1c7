import { existsSync } from 'node:fs'
import type { Config } from '../../config/schema.ts'
import { endedSurfaces } from '../../endpoints/ending.ts'
import type { SigningAlgorithm } from '../../protocol/jwt.ts'
import type { Tenant } from '../../protocol/policy.ts'
import { epochSeconds } from '../../protocol/time.ts'
import { knownMasterKey } from '../../server/master-key.ts'
import type { Mintkeeper } from '../../server.ts'
import { findDamage, readSqliteSchema, type Thoroughness } from '../../stores/sqlite/database.ts'
import { databaseFile } from '../database-files.ts'
import { outcomeOf } from '../failure.ts'
import type { StoreOptions } from '../options.ts'
import type { Terminal } from '../terminal.ts'
import { timeText } from '../time-text.ts'
import { withMintkeeper } from '../with-mintkeeper.ts'
import { type Check, fail, ok, warn } from './check.ts'
import { checkPostgres } from './postgres-checks.ts'

/** How far the clock may be behind what other nodes have written. Seconds. */
const CLOCK_TOLERANCE = 60

/** The database and what is in it. Changes nothing: a missing database stays so, as does an old schema. */
export async function checkStore(
  config: Config,
  options: StoreOptions,
  terminal: Terminal,
  thoroughness: Thoroughness,
): Promise<readonly Check[]> {
  const file = databaseFile(config)
  if (file !== null && !existsSync(file)) return []
  const found: Check[] = []
  for (const check of file === null ? [] : [checkSchema, checkDamage]) {
    found.push(await check(file ?? '', thoroughness))
    // What is damaged, or of another schema, must not be written.
    if (found.at(-1)?.state !== 'ok') return found
  }
  const database = config.database.reveal()
  if (database.startsWith('postgres')) {
    found.push(...checkMasterKey(config), ...(await checkPostgres(database)))
    if (found.some(({ name }) => name === 'master key')) return found
    if (found.some(({ name, state }) => state !== 'ok' && (name === 'schema' || name === 'server')))
      return found
  }
  try {
    const checks = await withMintkeeper(options, terminal, async ({ mintkeeper }) => [
      await checkWriting(mintkeeper),
      ...(await checkTenants(mintkeeper)),
    ])
    return [...found, ...checks]
  } catch (thrown) {
    return [...found, fail('database', firstLine(thrown))]
  }
}

/** A database that keeps no key of its own needs one in the configuration. */
function checkMasterKey(config: Config): readonly Check[] {
  try {
    knownMasterKey(config)
    return []
  } catch (thrown) {
    return [fail('master key', firstLine(thrown))]
  }
}

async function checkDamage(path: string, thoroughness: Thoroughness): Promise<Check> {
  const name = 'integrity'
  try {
    const damage = await findDamage({ path, clock: Date.now }, thoroughness)
    if (damage.length > 0) {
      return fail(name, `${path} is damaged (${damage.join('; ')}): restore it from a backup`)
    }
    const looked = thoroughness === 'full' ? 'every row and index' : 'every page; indexes only with --full'
    return ok(name, looked)
  } catch (thrown) {
    return fail(name, firstLine(thrown))
  }
}

async function checkSchema(path: string): Promise<Check> {
  try {
    const { applied, pending } = await readSqliteSchema({ path, clock: Date.now })
    if (pending.length === 0) return ok('schema', applied.at(-1) ?? 'empty')
    return warn('schema', `lacks ${pending.join(', ')}: run mintkeeper migrate, or start the server`)
  } catch (thrown) {
    return fail('schema', firstLine(thrown))
  }
}

/** The store refuses to open an SQLite file that does not work this way. */
async function checkWriting(mintkeeper: Mintkeeper): Promise<Check> {
  if (await mintkeeper.ready()) return ok('database', 'can be read and written durably')
  return fail('database', 'can not be written: see whether the disk is full or read-only')
}

async function checkTenants(mintkeeper: Mintkeeper): Promise<readonly Check[]> {
  const { tenants } = mintkeeper.directory()
  if (tenants.length === 0) {
    return [
      fail(
        'tenants',
        'there are none: list one in the configuration, if none is, and run mintkeeper apply FILE',
      ),
    ]
  }
  const checks: Check[] = []
  for (const tenant of tenants) {
    checks.push(
      checkIssuer(tenant),
      ...checkEndings(tenant, mintkeeper),
      await checkKeys(tenant, mintkeeper),
      await checkNewest(tenant, mintkeeper),
    )
  }
  return checks
}

function checkIssuer({ id, issuer, surfaces }: Tenant): Check {
  const issuers = [...new Set([issuer, ...[...surfaces.values()].map((policy) => policy.issuer)])]
  const plain = issuers.filter((each) => !each.startsWith('https://'))
  if (plain.length === 0) return ok(`issuer of ${id}`, issuer)
  return warn(`issuer of ${id}`, `${plain.join(', ')} is not https: fine on this machine, and nowhere else`)
}

/** Wanted or forgotten: only who looks after it knows. */
function checkEndings(tenant: Tenant, { services }: Mintkeeper): readonly Check[] {
  return endedSurfaces(tenant, services.clock).map(({ surface, sunset }) =>
    warn(
      `${surface} of ${tenant.id}`,
      `issues no more tokens since its sunset, ${timeText(sunset)}: take it out of surfaces, or give it a later one`,
    ),
  )
}

/** Every algorithm the tenant signs with has an active key, and the master key opens it. */
async function checkKeys(tenant: Tenant, { services }: Mintkeeper): Promise<Check> {
  const name = `keys of ${tenant.id}`
  const keys = await services.store.listSigningKeys(tenant.id)
  const algorithms = new Set(
    [...tenant.surfaces.values()].map(({ signingAlgorithm }) => signingAlgorithm ?? tenant.signingAlgorithm),
  )
  const missing = [...algorithms].filter((algorithm) => {
    return !keys.some((key) => key.state === 'active' && key.algorithm === algorithm)
  })
  if (missing.length > 0)
    return warn(name, `no active ${missing.join(', ')} key: the server makes it when it starts`)
  try {
    for (const algorithm of algorithms) await trySigning(tenant, algorithm, services)
    return ok(name, [...algorithms].join(', '))
  } catch (thrown) {
    return fail(name, firstLine(thrown))
  }
}

async function trySigning(
  tenant: Tenant,
  algorithm: SigningAlgorithm,
  services: Mintkeeper['services'],
): Promise<void> {
  await services.keys.sign(tenant.id, algorithm, 'JWT', {})
}

/** A clock that is behind what was written already gives tokens that are too old, or not yet valid elsewhere. */
async function checkNewest({ id }: Tenant, { services }: Mintkeeper): Promise<Check> {
  const name = `newest token of ${id}`
  const query = { tenant: id, userId: null, clientId: null, before: null, limit: 1 }
  const [newest] = (await services.store.listTokens(query)).rows
  if (newest === undefined) return ok(name, 'none is stored')
  const ahead = newest.issuedAt - epochSeconds(services.clock)
  if (ahead <= CLOCK_TOLERANCE) return ok(name, timeText(newest.issuedAt))
  return fail(name, `${timeText(newest.issuedAt)} is ${ahead} s ahead of the clock: set the clock`)
}

function firstLine(thrown: unknown): string {
  return (outcomeOf(thrown).message ?? '').split('\n')[0] ?? ''
}

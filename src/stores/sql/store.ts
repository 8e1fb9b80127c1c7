import type { AuditEvent } from '../../store/audit.ts'
import type { StoreStatistics } from '../../store/observer.ts'
import type { TenantRow } from '../../store/rows.ts'
import type { Store, TenantStore } from '../../store/store.ts'
import type { NextKey } from '../key-sequence.ts'
import { sqlAudit } from './audit.ts'
import type { AuditJournal } from './audit-journal.ts'
import { sqlBrownOuts } from './brown-outs.ts'
import { sqlClientSecretUses } from './client-secret-uses.ts'
import { sqlClients } from './clients.ts'
import { sqlImports } from './imports.ts'
import { sqlLoginFailures } from './login-failures.ts'
import { change, type Operation, record, type SqlDriver, select } from './operation.ts'
import { sqlRefusals } from './refusals.ts'
import { sqlSigningKeys } from './signing-keys.ts'
import { type ReadBytes, sqlSize } from './size.ts'
import { sqlSpentAssertions } from './spent-assertions.ts'
import { sqlSuccessors } from './successors.ts'
import { endTokens } from './tenant-end.ts'
import { sqlTokens } from './tokens.ts'
import { sqlUsage } from './usage.ts'
import { sqlUsers } from './users.ts'

const LIST_TENANTS = 'select id, settings from tenants order by id'
const SAVE_TENANT = `insert into tenants (id, settings) values (?, ?)
  on conflict (id) do update set settings = excluded.settings`
const FIND_FACT = 'select value from facts where name = ?'
const SAVE_FACT = `insert into facts (name, value) values (?, ?)
  on conflict (name) do update set value = excluded.value`

// Never the value that is there: SQLite writes nothing then.
const CHECK_WRITE = `insert into facts (name, value) values (?, 'tick')
  on conflict (name) do update set value = case when facts.value = 'tick' then 'tock' else 'tick' end`
const CLAIM_FACT = 'insert into facts (name, value) values (?, ?) on conflict (name) do nothing'

export interface SqlStoreOptions {
  readonly driver: SqlDriver
  readonly journal: AuditJournal
  readonly nextKey: NextKey
  readonly statistics: () => StoreStatistics
  readonly readBytes: ReadBytes
  readonly close: () => Promise<void>
  /** The lane of the keys, which no other process has. */
  readonly lane: number
}

/** The port over a database that speaks SQL and holds the schema of `../migrations/`. */
export function createSqlStore(options: SqlStoreOptions): Store {
  const { driver, journal, nextKey, statistics, readBytes, close, lane } = options
  const audit = sqlAudit(driver, journal, nextKey)
  return {
    ...sqlTokens(driver, nextKey),
    ...sqlUsers(driver),
    ...sqlClients(driver),
    ...sqlSuccessors(driver),
    ...sqlImports(driver),
    ...sqlClientSecretUses(driver),
    ...sqlSpentAssertions(driver),
    ...sqlTenants(driver),
    ...sqlSigningKeys(driver),
    ...sqlLoginFailures(driver),
    ...sqlBrownOuts(driver),
    ...audit.store,
    ...sqlUsage(driver),
    ...sqlRefusals(driver, nextKey),
    async findFact(name) {
      const [row] = await driver.read(FIND_FACT, [name])
      return row === undefined ? null : (row[0] as string)
    },
    async saveFact(name, value) {
      await driver.write(() => change(SAVE_FACT, name, value))
    },
    claimFact: (name, value) => driver.write(() => claimFact(name, value)),
    onChange: () => {},
    async check() {
      // A real write, as a full or read-only disk lets everything else pass; and of a row of its own, for which nobody
      // waits.
      await driver.write(() => change(CHECK_WRITE, `check/${lane}`))
    },
    statistics,
    size: (countUpTo) => sqlSize(driver, readBytes, countUpTo),
    async close() {
      await Promise.all([audit.close(), close()])
    },
  }
}

/** The insert waits for whoever inserts the same name, so that the select finds what they have committed. */
function* claimFact(name: string, value: string): Operation<string> {
  yield* change(CLAIM_FACT, name, value)
  const [row] = yield* select(FIND_FACT, name)
  if (row === undefined) throw new Error(`the fact ${name} was deleted while it was claimed`)
  return row[0] as string
}

function* saveTenant({ id, ...settings }: TenantRow, event: AuditEvent | undefined): Operation<void> {
  yield* change(SAVE_TENANT, id, JSON.stringify(settings))
  yield* record(event)
}

function sqlTenants(driver: SqlDriver): TenantStore {
  return {
    async listTenants() {
      return (await driver.read(LIST_TENANTS, [])).map(([id, settings]) => ({
        ...(JSON.parse(settings as string) as Omit<TenantRow, 'id'>),
        id: id as string,
      }))
    },
    saveTenant: (tenant, event) => driver.write(() => saveTenant(tenant, event)),
    endTokens: (tenant, issuedBefore, event) => driver.write(() => endTokens(tenant, issuedBefore, event)),
  }
}

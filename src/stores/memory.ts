import type { Clock, EpochSeconds } from '../protocol/time.ts'
import { StoreConflict } from '../store/errors.ts'
import type { StoreStatistics } from '../store/observer.ts'
import type { SigningKeyRow, TenantRow } from '../store/rows.ts'
import type { SigningKeyStore, Store, TenantStore } from '../store/store.ts'
import { createKeySequence, createRandomInteger, type RandomInteger } from './key-sequence.ts'
import { type MemoryAudit, memoryAudit } from './memory/audit.ts'
import { memoryBrownOuts } from './memory/brown-outs.ts'
import { memoryClients } from './memory/clients.ts'
import { memoryLoginFailures } from './memory/login-failures.ts'
import { byCodePoint, changed, mapKey } from './memory/map-key.ts'
import { memoryRefusals } from './memory/refusals.ts'
import { memorySpentAssertions } from './memory/spent-assertions.ts'
import { readHolder } from './memory/tenant-end.ts'
import { memoryTokens } from './memory/tokens.ts'
import { memoryUsage } from './memory/usage.ts'
import { memoryUsers } from './memory/users.ts'

export interface MemoryStoreOptions {
  readonly clock: Clock
  readonly random?: RandomInteger
}

/**
 * A store that forgets everything when the process ends: for tests, and for trying things out. It has the
 * semantics of the others, for every method does its work in one turn of the event loop.
 */
export function createMemoryStore({ clock, random = createRandomInteger() }: MemoryStoreOptions): Store {
  const ends = new Map<string, EpochSeconds>()
  const read = readHolder(ends)
  const nextKey = createKeySequence({ clock, random, lane: 0, after: 0 })
  const audit = memoryAudit(nextKey)
  const { record } = audit
  const users = memoryUsers(read, record)
  const clients = memoryClients(read, record)
  const facts = new Map<string, string>()
  const tokens = memoryTokens(nextKey, users.rehash, record)
  const assertions = memorySpentAssertions()
  return {
    ...tokens.store,
    ...users.store,
    ...clients.store,
    async insertSuccessor(client, user, events) {
      // What may refuse comes first, as neither is taken back.
      if (users.versionOf(user.tenant, user.id) !== user.version) throw changed('user')
      if (clients.has(client.tenant, client.id)) {
        throw new StoreConflict('exists', 'the client id is taken')
      }
      const inserted = clients.store.insertClient(client, events?.client)
      const updated = users.store.updateUser(user, events?.user)
      await inserted
      return await updated
    },
    ...assertions.store,
    async purge(now, limit) {
      const gone = await tokens.store.purge(now, limit)
      return gone + assertions.purge(now, limit - gone)
    },
    ...memoryTenants(ends, record),
    ...memorySigningKeys(record),
    ...memoryLoginFailures(record),
    ...memoryBrownOuts(record),
    ...audit.store,
    ...memoryUsage(),
    ...memoryRefusals(nextKey),
    findFact: async (name) => facts.get(name) ?? null,
    saveFact: async (name, value) => void facts.set(name, value),
    async claimFact(name, value) {
      const claimed = facts.get(name) ?? value
      facts.set(name, claimed)
      return claimed
    },
    onChange: () => {},
    check: async () => {},
    statistics: () => NOTHING_WAITS,
    size: async () => ({ bytes: null, freeBytes: null, tables: new Map(), tokens: tokens.sample() }),
    close: async () => {},
  }
}

/** There are no transactions. */
const NOTHING_WAITS: StoreStatistics = { transactions: 0, writes: 0, waiting: 0, logBytes: null, pool: null }

function memoryTenants(ends: Map<string, EpochSeconds>, record: MemoryAudit['record']): TenantStore {
  const tenants = new Map<string, TenantRow>()
  return {
    listTenants: async () => [...tenants.values()].sort((one, other) => byCodePoint(one.id, other.id)),
    async saveTenant(tenant, event) {
      tenants.set(tenant.id, tenant)
      record(event)
    },
    async endTokens(tenant, issuedBefore, event) {
      if (issuedBefore <= (ends.get(tenant) ?? -1)) return
      ends.set(tenant, issuedBefore)
      record(event)
    },
  }
}

function memorySigningKeys(record: MemoryAudit['record']): SigningKeyStore {
  const keys = new Map<string, SigningKeyRow>()
  const activeKid = (tenant: string, algorithm: string) =>
    [...keys.values()].find(
      (key) => key.tenant === tenant && key.algorithm === algorithm && key.state === 'active',
    )?.kid
  const save = (key: SigningKeyRow) => void keys.set(mapKey(key.tenant, key.kid), key)
  return {
    async listSigningKeys(tenant) {
      const rows = [...keys.values()].filter((key) => key.tenant === tenant)
      return rows.sort((one, other) => byCodePoint(one.kid, other.kid))
    },
    async createSigningKeys(rows, event) {
      if (rows.some((row) => activeKid(row.tenant, row.algorithm) !== undefined)) return false
      if (rows.some((row) => keys.has(mapKey(row.tenant, row.kid)))) {
        throw new StoreConflict('exists', 'a signing key with this kid exists')
      }
      rows.forEach(save)
      record(event)
      return true
    },
    async replaceSigningKeys(change, event) {
      if ((activeKid(change.tenant, change.algorithm) ?? null) !== change.activeKid) return false
      if (change.rows.some((row) => keys.get(mapKey(row.tenant, row.kid))?.state === 'withdrawn'))
        return false
      change.rows.forEach(save)
      record(event)
      return true
    },
    async purgeSigningKeys(now) {
      const gone = [...keys].filter(([, key]) => key.state === 'retired' && (key.goneAt ?? now + 1) <= now)
      for (const [id] of gone) keys.delete(id)
      return gone.length
    },
  }
}

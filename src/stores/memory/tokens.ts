import { StoreConflict, StoreUnavailable } from '../../store/errors.ts'
import type { ImportStore } from '../../store/imported-rows.ts'
import type { Sha256, TokenKey, TokenRow } from '../../store/rows.ts'
import type { TokenSample } from '../../store/size.ts'
import type { IssueWrite, TokenStore } from '../../store/store.ts'
import { deadAt } from '../dead-at.ts'
import { isApart } from '../family.ts'
import { type NextKey, writtenAtOf } from '../key-sequence.ts'
import { pageOf } from '../page.ts'
import type { MemoryAudit } from './audit.ts'
import { mapKey } from './map-key.ts'
import type { Rehash } from './users.ts'

interface MemoryTokens {
  readonly store: TokenStore &
    Pick<ImportStore, 'importTokens' | 'findLiveImportedTokens' | 'endImportedTokens'>
  sample(): TokenSample
}

export function memoryTokens(nextKey: NextKey, rehash: Rehash, record: MemoryAudit['record']): MemoryTokens {
  const tokens = new Map<TokenKey, TokenRow>()
  /** By tenant and hash; by the hash alone, the row of whoever came first. */
  const imported = new Map<string, TokenKey>()
  const denied = new Map<string, { readonly expiresAt: number }>()

  function change(key: TokenKey, columns: Partial<TokenRow>): void {
    const row = tokens.get(key)
    if (row !== undefined) tokens.set(key, { ...row, ...columns })
  }
  function revoke(row: TokenRow, now: number): boolean {
    if (row.revokedAt !== null) return false
    change(row.key, { revokedAt: now })
    return true
  }
  function earliest(row: TokenRow): TokenRow {
    const parent = tokens.get(row.parent ?? -1)
    return parent === undefined ? row : earliest(parent)
  }
  function mayIssue({ spend, extend, row }: IssueWrite): boolean {
    const unrevoked = (key: TokenKey) => tokens.get(key)?.revokedAt === null
    if (spend !== null) {
      const spent = tokens.get(spend.key)
      if (spent === undefined || spent.spentAt !== null || spent.refreshHash === null) return false
    }
    const parent = row?.parent ?? null
    return (
      (spend === null || unrevoked(spend.key)) &&
      (extend === null || unrevoked(extend.key)) &&
      (parent === null || unrevoked(parent))
    )
  }

  const store: MemoryTokens['store'] = {
    nextKey,
    findToken: async (key) => tokens.get(key) ?? null,
    async findImportedToken(hash, tenant) {
      const key = imported.get(mapKey(tenant, hex(hash))) ?? imported.get(hex(hash))
      return tokens.get(key ?? -1) ?? null
    },
    async issue(write) {
      if (!mayIssue(write)) return 'lost'
      if (write.row !== null) {
        if (tokens.has(write.row.key)) throw new StoreUnavailable('a token row with this key exists')
        tokens.set(write.row.key, write.row)
      }
      if (write.spend !== null) {
        change(write.spend.key, { successor: write.row?.key ?? null, spentAt: write.spend.now })
      }
      if (write.extend !== null) {
        const { key, refreshExpiresAt, accessExpiresAt } = write.extend
        const known = tokens.get(key)?.accessExpiresAt ?? null
        const isLater = known !== null && accessExpiresAt !== null && accessExpiresAt > known
        change(key, { refreshExpiresAt, ...(isLater && { accessExpiresAt }) })
      }
      if (write.rehash !== null) {
        rehash(write.rehash.tenant, write.rehash.userId, write.rehash.from, write.rehash.to)
      }
      record(write.event)
      return 'issued'
    },
    async markSeen(key, parent, now) {
      if (tokens.get(key)?.seenAt === null) change(key, { seenAt: now })
      if (tokens.get(parent)?.supersededAt === null) change(parent, { supersededAt: now })
    },
    async revokeToken(key, now, event) {
      const row = tokens.get(key)
      const isRevoked = row !== undefined && revoke(row, now)
      if (isRevoked) record(event)
      return isRevoked
    },
    async revokeFamily(member, now, event) {
      const row = tokens.get(member)
      if (row === undefined) return
      const root = row.family ?? row.key
      let revoked = 0
      for (const first of [root, earliest(row).key]) {
        for (let link = tokens.get(first); link !== undefined; link = tokens.get(link.successor ?? -1))
          revoked += Number(revoke(link, now))
      }
      for (const other of tokens.values()) {
        if (other.family === root && isApart(other)) revoked += Number(revoke(other, now))
      }
      if (revoked > 0) record(event)
    },
    async denyJwt(tenant, id, expiresAt, event) {
      const known = denied.get(mapKey(tenant, id))
      if (known !== undefined && known.expiresAt >= expiresAt) return
      denied.set(mapKey(tenant, id), { expiresAt })
      record(event)
    },
    isJwtDenied: async (tenant, id) => denied.has(mapKey(tenant, id)),
    async listTokens({ tenant, userId, clientId, before, limit }) {
      const found = [...tokens.values()]
        .filter((row) => row.tenant === tenant && (before === null || row.key < before))
        .filter((row) => userId === null || row.userId === userId)
        .filter((row) => clientId === null || row.clientId === clientId)
        .sort((one, other) => other.key - one.key)
      return pageOf(found, limit, (row) => row.key)
    },
    async importTokens(rows, event) {
      const added = new Map<TokenKey, TokenRow>()
      const found = new Map<string, TokenKey>()
      for (const row of rows) {
        const place = (hash: Sha256) => mapKey(row.tenant, hex(hash))
        const hashes = hashesOf(row).map(place)
        if (hashes.length === 0 || hashes.some((hash) => imported.has(hash) || found.has(hash))) continue
        if (tokens.has(row.key) || added.has(row.key)) {
          throw new StoreConflict('exists', 'a token row with this key exists')
        }
        const { replaces = null, ...columns } = row
        const replaced =
          replaces === null ? undefined : (found.get(place(replaces)) ?? imported.get(place(replaces)))
        added.set(row.key, { ...columns, parent: replaced ?? row.parent })
        for (const hash of hashes) found.set(hash, row.key)
      }
      for (const [hash, key] of found) imported.set(hash, key)
      for (const [key, row] of added) {
        tokens.set(key, row)
        for (const hash of hashesOf(row)) if (!imported.has(hex(hash))) imported.set(hex(hash), key)
      }
      if (added.size > 0) record(event)
      return added.size
    },
    async findLiveImportedTokens(tenant, hashes) {
      const keys = new Set(hashes.map((hash) => imported.get(mapKey(tenant, hex(hash))) ?? -1))
      const rows = [...keys].flatMap((key) => tokens.get(key) ?? [])
      return rows.filter((row) => row.tenant === tenant && row.revokedAt === null)
    },
    async endImportedTokens(ends, now) {
      let count = 0
      for (const { key, event } of ends) if (await store.revokeToken(key, now, event)) count += 1
      return count
    },
    purgePace: { rows: 1000, pauseMs: 0, leftFor: 0 },
    async purge(now, limit) {
      const rows = [...tokens.values()].filter((row) => deadAt(row) <= now).slice(0, limit)
      for (const row of rows) tokens.delete(row.key)
      for (const [hash, key] of imported) if (!tokens.has(key)) imported.delete(hash)
      const denials = [...denied]
        .filter(([, { expiresAt }]) => expiresAt <= now)
        .slice(0, limit - rows.length)
      for (const [id] of denials) denied.delete(id)
      return rows.length + denials.length
    },
  }
  return {
    store,
    sample() {
      const rows = [...tokens.values()]
      return {
        isAll: true,
        rows: rows.map((row) => ({ weight: 1, writtenAt: writtenAtOf(row.key), deadAt: deadAt(row) })),
      }
    },
  }
}

function hashesOf({ accessHash, refreshHash }: TokenRow): readonly Sha256[] {
  return [accessHash, refreshHash].filter((hash) => hash !== null)
}

function hex(hash: Sha256): string {
  return Buffer.from(hash).toString('hex')
}

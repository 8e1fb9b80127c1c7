import {
  hasRoom,
  type LoginBucketKey,
  type LoginFailureQuery,
  type LoginFailureRow,
  type LoginFailureStore,
} from '../../store/login-failures.ts'
import type { MemoryAudit } from './audit.ts'

export function memoryLoginFailures(record: MemoryAudit['record']): LoginFailureStore {
  const rows = new Map<string, LoginFailureRow>()
  const mapKey = ({ user, source }: LoginBucketKey) => JSON.stringify([user, source])
  const emptyAtMs = (bucket: LoginBucketKey) => rows.get(mapKey(bucket))?.emptyAtMs ?? 0
  const save = ({ user, source }: LoginBucketKey, emptyAtMs: number) =>
    void rows.set(mapKey({ user, source }), { user, source, emptyAtMs })
  const found = (query: LoginFailureQuery) =>
    [...rows.values()].filter(({ user, source }) =>
      'user' in query ? user === query.user : user === null && source === query.source,
    )
  return {
    async addLoginFailure(buckets, nowMs) {
      const full = buckets.find((bucket) => !hasRoom(bucket, emptyAtMs(bucket), nowMs))
      if (full !== undefined) {
        const fullMs = nowMs + full.capacityMs
        if (emptyAtMs(full) > fullMs) save(full, fullMs)
        return false
      }
      for (const bucket of buckets) save(bucket, Math.max(emptyAtMs(bucket), nowMs) + bucket.failureMs)
      return true
    },
    readLoginFailures: async (buckets) => buckets.map(emptyAtMs),
    async listLoginFailures(query, limit) {
      return found(query)
        .sort((one, other) => other.emptyAtMs - one.emptyAtMs)
        .slice(0, limit)
    },
    async clearLoginFailures(query, event) {
      const cleared = found(query)
      for (const row of cleared) rows.delete(mapKey(row))
      if (cleared.length > 0) record(event)
      return cleared.length
    },
    async purgeLoginFailures(nowMs, limit) {
      const empty = [...rows.values()].filter((row) => row.emptyAtMs <= nowMs).slice(0, limit)
      for (const row of empty) rows.delete(mapKey(row))
      return empty.length
    },
  }
}

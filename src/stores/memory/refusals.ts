import type { KeptRefusal, OfTenant, RefusalStore, RefusalsLeftOut } from '../../store/refusals.ts'
import type { NextKey } from '../key-sequence.ts'
import { pageOf } from '../page.ts'
import { mapKey } from './map-key.ts'

export function memoryRefusals(nextKey: NextKey): RefusalStore {
  /** In the order of their keys. */
  let all: KeptRefusal[] = []
  const leftOut = new Map<string, RefusalsLeftOut>()
  const isOf = (of: OfTenant) => (row: { readonly tenant: string | null }) =>
    of === 'any' || row.tenant === of.id

  function remove(isGone: (refusal: KeptRefusal) => boolean, limit: number): number {
    const gone = new Set(all.filter(isGone).slice(0, limit))
    all = all.filter((refusal) => !gone.has(refusal))
    return gone.size
  }

  return {
    async addRefusals(refusals, added) {
      for (const refusal of refusals) all.push({ ...refusal, key: nextKey() })
      for (const { tenant, atMs, count } of added) {
        const key = mapKey(tenant ?? '', String(atMs))
        leftOut.set(key, { tenant, atMs, count: count + (leftOut.get(key)?.count ?? 0) })
      }
    },
    async findRefusals(of, requestId, limit) {
      const found = all.filter((refusal) => refusal.requestId === requestId && isOf(of)(refusal))
      return found.reverse().slice(0, limit)
    },
    async listRefusals(of, before, limit) {
      const found = all.filter((refusal) => isOf(of)(refusal) && (before === null || refusal.key < before))
      return pageOf(found.reverse(), limit, ({ key }) => key)
    },
    async listRefusalsLeftOut(of, limit) {
      const found = [...leftOut.values()].filter(isOf(of))
      return found.sort((one, other) => other.atMs - one.atMs).slice(0, limit)
    },
    async purgeRefusals(beforeMs, most, limit) {
      let gone = remove(({ atMs }) => atMs < beforeMs, limit)
      for (const [key, { atMs }] of leftOut) {
        if (atMs < beforeMs && gone < limit) gone += Number(leftOut.delete(key))
      }
      for (const [tenant, ofTenant] of Map.groupBy(all, (refusal) => refusal.tenant)) {
        const last = ofTenant.at(-most - 1)
        if (last === undefined) continue
        gone += remove((refusal) => refusal.tenant === tenant && refusal.key <= last.key, limit - gone)
      }
      return gone
    },
  }
}

import type { BrownOutRow, BrownOutStore } from '../../store/brown-outs.ts'
import { StoreConflict } from '../../store/errors.ts'
import type { MemoryAudit } from './audit.ts'
import { byCodePoint, mapKey } from './map-key.ts'

export function memoryBrownOuts(record: MemoryAudit['record']): BrownOutStore {
  const rows = new Map<string, BrownOutRow>()
  return {
    async listBrownOuts(now) {
      const live = [...rows].filter(([, { to }]) => to > now)
      return live.sort(([one], [other]) => byCodePoint(one, other)).map(([, row]) => row)
    },
    async insertBrownOut(row, now, event) {
      const key = mapKey(row.tenant, row.id)
      for (const [other, { to }] of rows) if (to <= now) rows.delete(other)
      if (rows.has(key)) throw new StoreConflict('exists', 'the id of the brown-out is taken')
      rows.set(key, row)
      record(event)
    },
    async endBrownOut(row, event) {
      const key = mapKey(row.tenant, row.id)
      const known = rows.get(key) ?? row
      if (rows.has(key) && known.endedAt !== null) return false
      rows.set(key, { ...known, endedAt: row.endedAt })
      record(event)
      return true
    },
  }
}

import type { EpochSeconds } from '../../protocol/time.ts'

interface Holder {
  readonly tenant: string
  readonly tokensValidAfter: EpochSeconds
}

/** A user or client as it is read: its tokens end no earlier than all of its tenant were ended. Null: there is none. */
export interface ReadHolder {
  <Row extends Holder>(row: Row): Row
  <Row extends Holder>(row: Row | undefined): Row | null
}

export function readHolder(ends: ReadonlyMap<string, EpochSeconds>): ReadHolder {
  function read<Row extends Holder>(row: Row): Row
  function read<Row extends Holder>(row: Row | undefined): Row | null
  function read<Row extends Holder>(row: Row | undefined): Row | null {
    if (row === undefined) return null
    const end = ends.get(row.tenant) ?? 0
    return end > row.tokensValidAfter ? { ...row, tokensValidAfter: end } : row
  }
  return read
}

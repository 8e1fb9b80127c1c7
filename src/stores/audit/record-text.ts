import type { TokenKey } from '../../store/rows.ts'

/** Where a record stands among others. */
export interface RecordPlace {
  readonly key: TokenKey
  /** The key of the first record of its chain. */
  readonly chain: TokenKey
  /** The key and the digest of the one before it; null: it is the first. */
  readonly previous: Head | null
}

/** A record as others name it. */
export interface Head {
  readonly key: TokenKey
  readonly digest: string
}

export interface RecordContents {
  /** Empty: none. */
  readonly tenant: string
  /** Of other chains, as JSON; null: it names none. */
  readonly heads: string | null
  /** As JSON. */
  readonly events: string
}

/**
 * The text of which the digest of a record is made: no two records have the same, for the numbers in the first line tell
 * where the texts end that follow it.
 */
export function recordText({ key, chain, previous }: RecordPlace, contents: RecordContents): string {
  const { tenant, heads, events } = contents
  const digest = previous?.digest ?? ''
  const numbers = `${key} ${chain} ${previous?.key ?? 0} ${digest.length} ${tenant.length} ${heads?.length ?? -1}`
  return `${numbers}\n${digest}${tenant}${heads ?? ''}${events}`
}

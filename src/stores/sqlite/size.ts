import { statSync } from 'node:fs'
import type { SqlDriver } from '../sql/operation.ts'
import type { ReadBytes } from '../sql/size.ts'

const BYTES = `select page_count * page_size, freelist_count * page_size
  from pragma_page_count, pragma_page_size, pragma_freelist_count`

/** The database with its log. A page that a deleted row leaves behind is filled again, and never given back. */
export function sizeOfFile(path: string, driver: Pick<SqlDriver, 'read'>): ReadBytes {
  return async () => {
    const [row] = await driver.read(BYTES, [])
    const log = statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0
    return { bytes: Number(row?.[0]) + log, freeBytes: Number(row?.[1]) }
  }
}

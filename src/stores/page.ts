import type { Page } from '../store/store.ts'

/** The first `limit` of the rows found, with the cursor of the last as `next` if more were found than that. */
export function pageOf<Row, Cursor>(
  found: readonly Row[],
  limit: number,
  cursor: (row: Row) => Cursor,
): Page<Row, Cursor> {
  const rows = found.slice(0, limit)
  const last = rows.at(-1)
  return { rows, next: found.length > limit && last !== undefined ? cursor(last) : null }
}

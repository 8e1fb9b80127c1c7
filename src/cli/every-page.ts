import type { Listed } from '../admin/operations/operations.ts'

/** Rows asked for at once. */
const PAGE = 200

/** All items of a list that comes in pages. */
export async function everyPage<Item, Cursor>(
  list: (cursor: Cursor | null, limit: number) => Promise<Listed<Item, Cursor>>,
): Promise<readonly Item[]> {
  const items: Item[] = []
  let cursor: Cursor | null = null
  do {
    const page: Listed<Item, Cursor> = await list(cursor, PAGE)
    items.push(...page.items)
    cursor = page.next
  } while (cursor !== null)
  return items
}

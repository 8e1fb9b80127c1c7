import type { ImportItem } from './import.ts'

/**
 * Of several users with one id the first: the next would count as what has become of it. Of files, where nobody sees to
 * it that there is one of each. Keeps the ids.
 */
export async function* firstUsers(items: AsyncIterable<ImportItem>): AsyncGenerator<ImportItem> {
  const ids = new Set<string>()
  for await (const item of items) {
    if (item.kind !== 'user') yield item
    else if (ids.has(item.user.id)) yield TWICE
    else {
      ids.add(item.user.id)
      yield item
    }
  }
}

const TWICE: ImportItem = { kind: 'left out', of: 'user', reason: 'in the file before with the same id' }

import type { ImportItem } from './import.ts'
import { createSeenSet } from './seen-set.ts'

/**
 * Of several users with one id the first, and of several clients: the next would count as what has become of it. Of
 * files, where nobody sees to it that there is one of each.
 */
export async function* firstOfEach(items: AsyncIterable<ImportItem>): AsyncGenerator<ImportItem> {
  const users = createSeenSet()
  const clients = createSeenSet()
  for await (const item of items) {
    if (item.kind !== 'user' && item.kind !== 'client') {
      yield item
      continue
    }
    const [seen, id] = item.kind === 'user' ? [users, item.user.id] : [clients, item.client.id]
    if (seen.has(id)) yield { kind: 'left out', of: item.kind, reason: TWICE }
    else {
      seen.add(id)
      yield item
    }
  }
}

const TWICE = 'in the file before with the same id'

import type { SqlWords } from './index.ts'

/** What the tokens say that a key of another system signed, as JSON; null: it is one of our own. */
export function importedKeys({ text }: SqlWords): string[] {
  return [`alter table signing_keys add column imported ${text}`]
}

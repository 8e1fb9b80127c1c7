import type { SqlWords } from './index.ts'

/**
 * What an import has said of a row last, and the version it has left; null: none has. That version grows with what is no
 * change of what was said: a stronger hash of the same password.
 */
export function followedRows({ text, integer }: SqlWords): string[] {
  return ['users', 'clients'].flatMap((table) => [
    `alter table ${table} add column import_mark ${text}`,
    `alter table ${table} add column import_version ${integer}`,
  ])
}

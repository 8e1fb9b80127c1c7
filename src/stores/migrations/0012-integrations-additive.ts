import type { SqlWords } from './index.ts'

/** The client that takes a user's place, as JSON; null: none. Few have one, and they are listed. */
export function integrations({ text }: SqlWords): string[] {
  return [
    `alter table users add column successor ${text}`,
    'create index users_with_successor on users (tenant, id) where successor is not null',
  ]
}

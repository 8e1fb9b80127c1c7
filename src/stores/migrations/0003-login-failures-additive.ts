import type { SqlWords } from './index.ts'

/** One row a bucket of `LoginFailureStore`; the digest of a bucket's user is empty if it is that of all users. */
export function loginFailures({ text, integer, map }: SqlWords): string[] {
  return [
    `create table login_failures (
      user_digest ${text} not null,
      source_digest ${text} not null,
      empty_at_ms ${integer} not null,
      primary key (user_digest, source_digest)
    ) ${map}`,
    'create index login_failures_by_end on login_failures (empty_at_ms)',
  ]
}

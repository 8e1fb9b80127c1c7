import type { SqlWords } from './index.ts'

/** How often who called, an hour a row, and what is known of them: see `UsageStore`. Nobody is the empty text. */
export function usage({ text, integer, map }: SqlWords): string[] {
  const key = `tenant ${text} not null,
      surface ${text} not null,
      use ${text} not null,
      user_id ${text} not null,
      client_id ${text} not null`
  return [
    `create table usage_hours (
      ${key},
      hour ${integer} not null,
      succeeded ${integer} not null,
      failed ${integer} not null,
      first_at ${integer} not null,
      last_at ${integer} not null,
      expires_in ${integer} not null,
      primary key (tenant, surface, use, user_id, client_id, hour)
    ) ${map}`,
    'create index usage_hours_by_hour on usage_hours (hour)',
    `create table usage_facts (
      ${key},
      fact ${text} not null,
      value ${text} not null,
      calls ${integer} not null,
      last_at ${integer} not null,
      primary key (tenant, surface, use, user_id, client_id, fact, value)
    ) ${map}`,
  ]
}

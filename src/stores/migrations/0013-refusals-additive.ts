import type { SqlWords } from './index.ts'

/** See `RefusalStore`: what was refused, as JSON, and how much of it was not kept. No tenant is the empty text. */
export function refusals({ text, integer, log, map }: SqlWords): string[] {
  return [
    `create table refusals (
      key ${integer} not null primary key,
      tenant ${text} not null,
      request_id ${text} not null,
      content ${text} not null
    ) ${log}`,
    'create index refusals_by_request on refusals (request_id, key)',
    'create index refusals_by_tenant on refusals (tenant, key)',
    `create table refusals_left_out (
      tenant ${text} not null,
      at_ms ${integer} not null,
      count ${integer} not null,
      primary key (tenant, at_ms)
    ) ${map}`,
  ]
}

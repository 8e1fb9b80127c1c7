import type { SqlWords } from './index.ts'

/** What was done, by whom: records of events, in chains. */
export function audit({ text, integer, log }: SqlWords): string[] {
  return [
    `create table audit (
      key ${integer} not null primary key,
      tenant ${text} not null,
      chain ${integer} not null,
      previous_key ${integer},
      previous_digest ${text},
      digest ${text} not null,
      heads ${text},
      events ${text} not null
    ) ${log}`,
    'create index audit_by_tenant on audit (tenant, key)',
    // The last record of a chain, and those since another.
    'create index audit_by_chain on audit (chain, key)',
    'create index audit_anchors on audit (key, chain) where heads is not null',
  ]
}

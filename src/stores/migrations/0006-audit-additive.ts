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
    // Records of a tenant in their order, and which chains were written to since some time: one index, for each costs a
    // page of every transaction.
    'create index audit_by_tenant on audit (tenant, key, chain)',
    'create index audit_anchors on audit (key, chain) where heads is not null',
  ]
}

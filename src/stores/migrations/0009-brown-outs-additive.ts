import type { SqlWords } from './index.ts'

/** See `BrownOutRow`: `users` is a JSON list of their ids, null for everybody. All nodes are told of a change at once. */
export function brownOuts({ text, integer, map, announced }: SqlWords): string[] {
  return [
    `create table brown_outs (
      tenant ${text} not null,
      id ${text} not null,
      surface ${text} not null,
      users ${text},
      starts_at ${integer} not null,
      ends_at ${integer} not null,
      ended_at ${integer},
      primary key (tenant, id)
    ) ${map}`,
    ...announced('brown_outs'),
  ]
}

import type { SqlWords } from './index.ts'

/** Public keys of clients, as a JWK Set, and the assertions that were signed with them: each is spent once. */
export function clientKeys({ text, integer, map }: SqlWords): string[] {
  return [
    `alter table clients add column jwks ${text}`,
    `create table spent_assertions (
      tenant ${text} not null,
      client_id ${text} not null,
      digest ${text} not null,
      expires_at ${integer} not null,
      primary key (tenant, client_id, digest)
    ) ${map}`,
    'create index spent_assertions_by_expiry on spent_assertions (expires_at)',
  ]
}

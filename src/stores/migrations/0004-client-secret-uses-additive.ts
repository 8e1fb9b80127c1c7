import type { SqlWords } from './index.ts'

/** One row a secret that was used: see `ClientSecretUseStore`. */
export function clientSecretUses({ text, integer, map }: SqlWords): string[] {
  return [
    `create table client_secret_uses (
      tenant ${text} not null,
      client_id ${text} not null,
      secret_id ${text} not null,
      used_at ${integer} not null,
      used_from ${text},
      primary key (tenant, client_id, secret_id)
    ) ${map}`,
  ]
}

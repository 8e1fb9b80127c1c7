import type { EpochSeconds } from '../../protocol/time.ts'
import type { AuditEvent } from '../../store/audit.ts'
import { change, type Operation, record } from './operation.ts'

/** Name of the fact that tells when the tokens of a tenant were ended: this and the tenant. */
export const TENANT_END = 'tokens_valid_after/'

const END = `insert into facts (name, value) values ('${TENANT_END}' || ?, ?)
  on conflict (name) do update set value = excluded.value where facts.value < excluded.value`

/** Ends all tokens of a tenant that were issued before a time, unless they were for a later one. */
export function* endTokens(
  tenant: string,
  issuedBefore: EpochSeconds,
  event: AuditEvent | undefined,
): Operation<void> {
  // 16 digits, so that text is compared as numbers are.
  const ended = yield* change(END, tenant, String(issuedBefore).padStart(16, '0'))
  if (ended > 0) yield* record(event)
}

/**
 * The columns of a user or client as they are read: `tokens_valid_after` is that of the row or of its tenant,
 * whichever is later. One statement, so that who may use a token and who has ended all can not miss each other.
 */
export function withTenantEnd(columns: string, table: 'users' | 'clients'): string {
  const own = `${table}.tokens_valid_after`
  const ofTenant = 'cast(value as bigint)'
  return columns.replace(
    'tokens_valid_after',
    `coalesce((select case when ${ofTenant} > ${own} then ${ofTenant} else ${own} end
      from facts where name = '${TENANT_END}' || ${table}.tenant), ${own})`,
  )
}

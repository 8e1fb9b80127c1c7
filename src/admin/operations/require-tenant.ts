import type { TenantRow } from '../../store/rows.ts'
import { AdminError } from './admin-error.ts'
import type { Operations } from './operations.ts'

/** The tenant's row. Throws `not_found`. */
export async function requireTenant({ store }: Operations, id: string): Promise<TenantRow> {
  const tenant = (await store.listTenants()).find((row) => row.id === id)
  if (tenant === undefined) throw new AdminError('not_found', 'There is no tenant with this id.')
  return tenant
}

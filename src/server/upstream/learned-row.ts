import { AdminError } from '../../admin/operations/admin-error.ts'
import { importedUserRow } from '../../admin/operations/imported-rows.ts'
import type { Operations } from '../../admin/operations/operations.ts'
import type { UpstreamUser } from '../../endpoints/upstream.ts'
import type { UserRow } from '../../store/rows.ts'

/** The row of a user of another server, by the rules for users that are created here; null: they do not allow it. */
export function learnedRow(operations: Operations, tenant: string, user: UpstreamUser): UserRow | null {
  try {
    return importedUserRow(operations, tenant, user, null)
  } catch (thrown) {
    if (thrown instanceof AdminError) return null
    throw thrown
  }
}

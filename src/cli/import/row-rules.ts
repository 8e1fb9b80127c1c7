import { importedClientRow, importedUserRow } from '../../admin/operations/imported-rows.ts'
import type { Operations } from '../../admin/operations/operations.ts'
import { isSlowClientSecret, verifyClientSecret } from '../../crypto/client-secret.ts'
import type { Said } from '../../import/follow.ts'
import type { ImportedClient, RowRules } from '../../import/import.ts'
import type { ClientRow } from '../../store/rows.ts'

/** The rules of the operations for the rows of a tenant. */
export function rowRules(operations: Operations, tenant: string): RowRules {
  async function client({ createdAt, secret, ...input }: ImportedClient): Promise<Said<ClientRow>> {
    const row = await importedClientRow(operations, tenant, input, secret, createdAt)
    const hash = row.secrets[0]?.hash ?? null
    // One that was chosen has another hash each time: whether it is still the same only the hash that is here tells.
    const isChosen = secret !== null && 'text' in secret && hash !== null && isSlowClientSecret(hash)
    if (isChosen && (await isKnown(input.id, secret.text))) return { row, secret: null }
    return { row, secret: hash ?? '' }
  }

  async function isKnown(id: string, text: string): Promise<boolean> {
    const known = await operations.store.findCurrentClient(tenant, id)
    for (const { hash } of known?.secrets ?? []) {
      if (await verifyClientSecret(hash, text, operations.passwords)) return true
    }
    return false
  }

  return {
    user: ({ createdAt, ...user }) => importedUserRow(operations, tenant, user, createdAt),
    client,
  }
}

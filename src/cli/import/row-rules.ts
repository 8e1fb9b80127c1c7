import { importedClientRow, importedUserRow } from '../../admin/operations/imported-rows.ts'
import type { Operations } from '../../admin/operations/operations.ts'
import { isSlowClientSecret, verifyClientSecret } from '../../crypto/client-secret.ts'
import { type Said, secretIn, secretMark } from '../../import/follow.ts'
import type { ImportedClient, RowRules } from '../../import/import.ts'
import type { ImportMark } from '../../store/imported-rows.ts'
import type { ClientRow } from '../../store/rows.ts'

/** The rules of the operations for the rows of a tenant. */
export function rowRules(operations: Operations, tenant: string): RowRules {
  async function client(
    { createdAt, secret, ...input }: ImportedClient,
    before: ImportMark | null,
  ): Promise<Said<ClientRow>> {
    const row = await importedClientRow(operations, tenant, input, secret, createdAt)
    const hash = row.secrets[0]?.hash ?? null
    // A table without secrets takes none away.
    if (hash === null) return { row, secret: input.public ? secretMark('') : null }
    const isChosen = secret !== null && 'text' in secret && isSlowClientSecret(hash)
    if (!isChosen) return { row, secret: secretMark(hash) }
    // One that was chosen has another hash each time.
    const said = before === null ? null : secretIn(before)
    if (said !== null && (await isSame(said, secret.text))) return { row, secret: said }
    return { row, secret: (await isKnown(input.id, secret.text)) ? null : hash }
  }

  async function isKnown(id: string, text: string): Promise<boolean> {
    const known = await operations.store.findCurrentClient(tenant, id)
    for (const { hash } of known?.secrets ?? []) if (await isSame(hash, text)) return true
    return false
  }

  return {
    user: ({ createdAt, ...user }) => importedUserRow(operations, tenant, user, createdAt),
    client,
  }

  /** A mark that is the digest of a secret that was not chosen is no hash, which fits nothing. */
  async function isSame(hash: string, text: string): Promise<boolean> {
    return await verifyClientSecret(hash, text, operations.passwords)
  }
}

import { AdminError } from './admin-error.ts'
import { eventOf, type Operations } from './operations.ts'

/**
 * Both a user's id and a client's are the `sub` of tokens, and a token whose `sub` is its client's id is the
 * client's own: neither may be able to pose as the other (RFC 9068 §5). No single row can keep that, so it is looked
 * at before an insert, and again after it, when two inserts at the same time would see each other.
 */
export async function insertSubject(
  operations: Operations,
  kind: 'user' | 'client',
  tenant: string,
  id: string,
  insert: () => Promise<void>,
): Promise<void> {
  const { store } = operations
  await requireFree(operations, kind, tenant, id)
  await insert()
  try {
    await requireFree(operations, kind, tenant, id)
  } catch (refusal) {
    const details = 'the id was taken at the same time'
    if (kind === 'user') {
      await store.deleteUser(tenant, id, eventOf(operations, 'user.delete', { tenant, user: id, details }))
    } else {
      await store.deleteClient(
        tenant,
        id,
        eventOf(operations, 'client.delete', { tenant, client: id, details }),
      )
    }
    throw refusal
  }
}

/** Throws `conflict` if the id of a user is a client's, or the other way round. */
export async function requireFree(
  { store }: Operations,
  kind: 'user' | 'client',
  tenant: string,
  id: string,
): Promise<void> {
  const other = kind === 'user' ? await store.findClient(tenant, id) : await store.findUser(tenant, id)
  if (other === null) return
  throw new AdminError(
    'conflict',
    `The id is that of a ${kind === 'user' ? 'client' : 'user'}: both are a token's sub.`,
  )
}

import type { UserRow } from '../store/rows.ts'
import { CommandFailed } from './failure.ts'
import type { OpenedTenant } from './with-mintkeeper.ts'

/** By name or id. Throws `CommandFailed` if there is none, or if it is the name of one user and the id of another. */
export async function requireUser({ mintkeeper, tenant }: OpenedTenant, name: string): Promise<UserRow> {
  const { store } = mintkeeper.services
  const named = await store.findUserByLogin(tenant.id, name)
  const byId = await store.findUser(tenant.id, name)
  if (named !== null && byId !== null && named.id !== byId.id) {
    throw new CommandFailed(
      `${name} is the name of the user ${named.id}, and the id of another. Give ${named.id}.`,
    )
  }
  const user = named ?? byId
  if (user === null) {
    throw new CommandFailed(`The tenant ${tenant.id} has no user ${name}. See: mintkeeper user list`)
  }
  return user
}

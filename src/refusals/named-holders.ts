import { findPresentedToken } from '../endpoints/presented-token.ts'
import type { PresentedClient } from '../protocol/token.ts'
import { tokenLook } from '../protocol/token-look.ts'
import type { Examined } from './examined.ts'

/** Whom a request names, as far as there are such: nobody has proved to be them. */
export interface NamedHolders {
  readonly client: string | null
  readonly user: string | null
}

/** Who still asks a surface that issues no tokens: whoever asks is refused before anything is looked up. */
export async function namedHolders(examined: Examined): Promise<NamedHolders> {
  const { services, tenant, policy, presented, request, token } = examined
  const { store } = services
  const found = token === null ? null : await findPresentedToken(token, store)
  if (found !== null && found.row.tenant === tenant.id && found.row.surface === policy.surface) {
    return { client: found.row.clientId, user: found.row.userId }
  }
  const clientId = clientIdOf(presented)
  const username = request?.parameters.get('username') ?? ''
  const client = clientId === null ? null : await store.findCurrentClient(tenant.id, clientId)
  const user = username === '' ? null : await store.findUserByLogin(tenant.id, username)
  return { client: client?.id ?? null, user: user?.id ?? null }
}

/** What is a secret by its look is not asked for: the log of a database may have what it was asked. */
function clientIdOf(presented: PresentedClient | null): string | null {
  if (presented === null || presented.method === 'absent' || presented.clientId === null) return null
  return tokenLook(presented.clientId) === 'client secret' ? null : presented.clientId
}

import { findPresentedToken } from '../endpoints/presented-token.ts'
import type { NotedRefusal } from '../http/noted-refusal.ts'
import { tokenLook } from '../protocol/token-look.ts'
import { rawBasic } from './authorization.ts'
import { pairsOf } from './body.ts'
import type { Examined } from './examined.ts'

/** Whom a request names, as far as there are such: nobody has proved to be them. */
export interface NamedHolders {
  readonly client: string | null
  readonly user: string | null
}

/**
 * Who sent a request that was refused before anything of it was looked up: to a surface that issues no tokens, or in a
 * form that is not read there.
 */
export async function namedHolders(refused: NotedRefusal, examined: Examined): Promise<NamedHolders> {
  const { services, tenant, policy, token } = examined
  const { store } = services
  const found = token === null ? null : await findPresentedToken(token, tenant.id, store)
  if (found !== null && found.row.tenant === tenant.id && found.row.surface === policy.surface) {
    return { client: found.row.clientId, user: found.row.userId }
  }
  const clientId = storable(clientIdOf(refused, examined))
  const username = storable(parameterOf('username', refused, examined))
  const client = clientId === null ? null : await store.findCurrentClient(tenant.id, clientId)
  const user = username === null ? null : await store.findUserByLogin(tenant.id, username)
  return { client: client?.id ?? null, user: user?.id ?? null }
}

/** What is a secret by its look is not asked for: the log of a database may have what it was asked. */
function clientIdOf(refused: NotedRefusal, examined: Examined): string | null {
  const { presented, authorization } = examined
  const isRead = presented !== null && presented.method !== 'absent'
  const sent = isRead
    ? presented.clientId
    : (parameterOf('client_id', refused, examined) ?? rawBasic(authorization)?.clientId ?? null)
  return sent === null || tokenLook(sent) === 'client secret' ? null : sent
}

/** As the surface has read it, or else as anybody would. */
function parameterOf(
  name: string,
  { body, request: sent }: NotedRefusal,
  { request }: Examined,
): string | null {
  const read = request?.parameters.get(name)
  if (read !== undefined) return read
  const pairs = body === null ? null : pairsOf(body, sent.headers.get('content-type'))
  return pairs?.find((pair) => pair[0] === name)?.[1] ?? null
}

/** What nobody can be called, PostgreSQL can not even be asked for. */
function storable(text: string | null): string | null {
  return text === null || text === '' || text.includes('\0') || !text.isWellFormed() ? null : text
}

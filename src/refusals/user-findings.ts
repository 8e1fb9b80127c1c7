import { isPlaceholder } from '../protocol/token-look.ts'
import type { Finding } from '../store/findings.ts'
import type { Examined } from './examined.ts'
import { blockedFindings } from './limit-findings.ts'
import { isElsewhere } from './other-tenants.ts'
import { likelyMistake, meantNames } from './text-mistakes.ts'

/** Why a user was not let in. Nothing is told of a name that nobody has, for it may be a password. */
export async function userFindings(examined: Examined): Promise<readonly Finding[]> {
  const { refusal, request, policy } = examined
  const username = request?.parameters.get('username')
  const password = request?.parameters.get('password')
  switch (refusal.reason) {
    case 'unknown_user':
    case 'upstream_refused':
      return username === undefined ? [] : await unknownFindings(username, examined)
    case 'wrong_password':
      return password === undefined ? [] : passwordFindings(password)
    case 'login_blocked':
      return username === undefined ? [] : await blockedFindings({ username }, examined)
    case 'user_lacks_role':
      return [{ finding: 'roles_required', roles: policy.requiredRoles }]
    default:
      return []
  }
}

async function unknownFindings(username: string, examined: Examined): Promise<readonly Finding[]> {
  const { services, tenant } = examined
  if (username.trim() === '') return [{ finding: 'user_name_mistake', mistake: 'empty' }]
  if (isPlaceholder(username)) return [{ finding: 'user_name_mistake', mistake: 'placeholder' }]
  const { store } = services
  for (const { mistake, text } of meantNames(username)) {
    const user = await store.findUserByLogin(tenant.id, text)
    if (user !== null) return [{ finding: 'user_like', user: user.id, mistake }]
  }
  if ((await store.findCurrentClient(tenant.id, username)) !== null) return [{ finding: 'user_is_client' }]
  const isUser = async (id: string) => (await store.findUserByLogin(id, username)) !== null
  return (await isElsewhere(examined, isUser)) ? [{ finding: 'user_elsewhere' }] : []
}

/** Only whether it looks like a mistake of a program: a password is never compared again, nor its length told. */
function passwordFindings(password: string): readonly Finding[] {
  const mistake = password.trim() === '' ? 'empty' : likelyMistake(password)
  return mistake === null ? [] : [{ finding: 'password_mistake', mistake }]
}

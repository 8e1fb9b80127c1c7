import type { PasswordToCheck, PasswordVerdict } from '../grants/index.ts'
import type { Call } from './call.ts'

/**
 * Whether a password is right, within the limits of guessing. Whoever is refused, for whatever reason, has cost the
 * same work: one hash or as many as all others, one look at the limits, and the attempt to count it.
 *
 * Who is blocked is known only by that look, after the password was compared with the user's, as everybody's is: a
 * look before it would be a second one for each right login, and would be out of date by then. What the comparison has
 * shown is told to nobody, not remembered, and made up to the work of a mismatch.
 */
export async function checkPassword(
  { user, username, password, isRefused }: PasswordToCheck,
  call: Call,
): Promise<PasswordVerdict> {
  const { passwords, logins } = call.services
  const tenant = call.tenant.id
  const userId = user?.id ?? null
  const attempt = logins.begin({ tenant, userId, username, source: call.source() }, call.now * 1000)
  const hash = isRefused ? null : (user?.passwordHash ?? null)
  // As of the last change of the user: what was remembered before is of no use after it.
  const holder = hash === null || user === null ? null : `${tenant}/${user.id}/${user.version}`
  if (passwords.remembers(hash, password, holder) && (await attempt.mayTellAtOnce())) return 'match'
  return await attempt.compare((judge) => passwords.verify(hash, password, call, { holder, judge }))
}

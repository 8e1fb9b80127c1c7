import { ineligibility, mayBeGivenPassword } from '../grants/index.ts'
import { OAuthError, type Reason } from '../protocol/errors.ts'
import type { JwtHolder } from '../protocol/jwt.ts'
import type { AuditEvent } from '../store/audit.ts'
import { changeEvent } from '../store/change-event.ts'
import { StoreConflict } from '../store/errors.ts'
import type { UserRow } from '../store/rows.ts'
import { loginKey } from '../store/store.ts'
import { addNote, type Call } from './call.ts'

/** How often it is decided anew because somebody else has made or changed the user meanwhile. */
const ATTEMPTS = 3

const CHANGED = Symbol('changed')

/** A login that another server has found right. */
export interface ProvedLogin {
  /** Who has the name here, and no password; null: nobody. */
  readonly user: UserRow | null
  readonly username: string
  readonly password: string
}

/**
 * Takes over whom another server has let in, with the password that was proved there; who is here already, by whatever
 * name, is decided here. The user, or why there is no way in. One write of the store, which does nothing if somebody else
 * has made or changed the user meanwhile: then what they are now decides. That it can not be done fails no login: it is
 * tried again with the next.
 */
export async function admitUser(
  holder: JwtHolder,
  login: ProvedLogin,
  call: Call,
): Promise<UserRow | Reason> {
  const { store } = call.services
  const tenant = call.tenant.id
  if (login.user !== null && login.user.id !== holder.subject) return 'upstream_other_user'
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const known = await store.findCurrentUser(tenant, holder.subject)
    const admitted =
      known === null ? await admitNew(holder, login, call) : await admitKnown(known, login, call)
    if (admitted !== null) return admitted
  }
  throw new OAuthError('temporarily_unavailable', 'user_contention', { retryAfter: 1 })
}

/**
 * Of whom a token of another server is, as they are here: the user, or why it is of no use; null: they are not here.
 * When it was issued is not known: before anything that has ended tokens.
 */
export async function holderHere(subject: string, call: Call): Promise<UserRow | Reason | null> {
  const { store } = call.services
  const user = await store.findCurrentUser(call.tenant.id, subject)
  if (user === null) return (await store.isUserDeleted(call.tenant.id, subject)) ? 'user_deleted' : null
  call.trace.user = user.id
  return ineligibility({ ...holderOf(user), issuedAt: 0 }, call.policy) ?? user
}

/** Null: somebody has this id by now. */
async function admitNew(
  { subject, roles, claims }: JwtHolder,
  { username: name, password }: ProvedLogin,
  call: Call,
): Promise<UserRow | Reason | null> {
  const { store } = call.services
  const tenant = call.tenant.id
  // Also whom no row could be made of, and whoever comes while none can be written.
  if (await store.isUserDeleted(tenant, subject)) return 'user_deleted'
  // Both are the `sub` of tokens.
  if ((await store.findCurrentClient(tenant, subject)) !== null) return 'upstream_other_user'
  const isAddress = name.includes('@')
  const username = isAddress ? loginKey(name) : name
  const named = { username, email: isAddress ? username : null }
  const draft = isTrimmed(name)
    ? call.services.upstream.rowOf(tenant, { id: subject, ...named, roles, claims })
    : null
  const row = draft ?? strangerOf(subject, named, call)
  const refusal = ineligibility(holderOf(row), call.policy)
  if (refusal !== null) return refusal
  if (draft === null) return notLearned(row, call)
  const learned = await learn(password, call, async (passwordHash) => {
    const [outcome] = await store.importUsers([{ ...draft, passwordHash }], eventOf(draft, call, 'the user'))
    return outcome
  })
  switch (learned) {
    case 'known':
      return null
    case 'deleted':
      return 'user_deleted'
    case 'name_taken':
      return 'upstream_other_user'
    case 'imported':
      return learnedUser(row, call)
    default:
      return notLearned(row, call)
  }
}

/**
 * Who is here is decided here, also if the other server knows another name of his, or a password he had before. Null:
 * somebody else has changed the user meanwhile.
 */
async function admitKnown(
  user: UserRow,
  { username, password }: ProvedLogin,
  call: Call,
): Promise<UserRow | Reason | null> {
  const { store, passwords } = call.services
  call.trace.user = user.id
  const refusal = ineligibility(holderOf(user), call.policy)
  if (refusal !== null) return refusal
  const named = withName(user, username)
  if (user.passwordHash !== null) {
    if ((await passwords.verify(user.passwordHash, password, call)) === 'mismatch') return 'wrong_password'
    if (named === user) return user
    const renamed = await unlessInTheWay(() =>
      store.updateUser(named, eventOf(named, call, 'a further name')),
    )
    return renamed === CHANGED ? null : (renamed ?? notLearned(user, call))
  }
  if (!mayBeGivenPassword(user)) return 'user_has_no_password'
  const learned = await learn(password, call, (passwordHash) =>
    store.updateUser({ ...named, passwordHash }, eventOf(user, call, 'the password')),
  )
  if (learned === CHANGED) return null
  return learned === null ? notLearned(user, call) : learnedUser(learned, call)
}

/** The user with the name that was logged in with as a further one, if there is room for it. */
function withName(user: UserRow, name: string): UserRow {
  if (!isTrimmed(name)) return user
  const { username, email } = user
  const key = loginKey(name)
  if (key === loginKey(username) || (email !== null && key === loginKey(email))) return user
  if (name.includes('@')) return email === null ? { ...user, email: key } : user
  const isOneAddress = username.includes('@') && (email === null || loginKey(username) === loginKey(email))
  return isOneAddress ? { ...user, username: name, email: loginKey(username) } : user
}

/** What an old server takes for the name without its white space would be another one here, and be found by it alone. */
function isTrimmed(name: string): boolean {
  return name === name.trim()
}

/** Null: the password could not be hashed, or the store not be written. `CHANGED`: as of `unlessInTheWay`. */
async function learn<T>(
  password: string,
  call: Call,
  write: (passwordHash: string) => Promise<T>,
): Promise<T | typeof CHANGED | null> {
  return await unlessInTheWay(async () => await write(await call.services.passwords.hash(password, call)))
}

/** Null: it could not be done. `CHANGED`: it was not, because somebody else was first. */
async function unlessInTheWay<T>(work: () => Promise<T>): Promise<T | typeof CHANGED | null> {
  try {
    return await work()
  } catch (thrown) {
    // Nobody waits for the answer any more.
    if (thrown instanceof OAuthError && thrown.code === 'invalid_request') throw thrown
    return thrown instanceof StoreConflict && thrown.kind === 'changed' ? CHANGED : null
  }
}

function learnedUser(user: UserRow, call: Call): UserRow {
  call.trace.user = user.id
  addNote(call.trace, 'user learned')
  return user
}

function notLearned(user: UserRow, call: Call): UserRow {
  addNote(call.trace, 'user not learned')
  return user
}

/** Who can not be a user here, as far as has to be known to let them in elsewhere. */
function strangerOf(id: string, named: Pick<UserRow, 'username' | 'email'>, { tenant, now }: Call): UserRow {
  return {
    ...named,
    tenant: tenant.id,
    id,
    passwordHash: null,
    roles: [],
    scopes: null,
    claims: {},
    disabled: false,
    tokensValidAfter: 0,
    createdAt: now,
    version: 1,
  }
}

function holderOf(user: UserRow) {
  return { user, userId: user.id, client: null, clientId: null, issuedAt: null }
}

function eventOf({ tenant, id }: UserRow, call: Call, what: string): AuditEvent {
  const details = `${what}, from upstream of ${call.policy.surface}`
  return changeEvent(call.by, call.services.clock(), 'user.learn', { tenant, user: id, details })
}

import { sha256 } from '../../crypto/digest.ts'
import type { UserRow } from '../../store/rows.ts'
import { loginKey } from '../../store/store.ts'
import { AdminError } from './admin-error.ts'
import { type Change, changesOf } from './apply-change.ts'
import type { Operations } from './operations.ts'
import { requireFree } from './subjects.ts'
import type { UserInput } from './user-input.ts'
import { changeUser, insertUser, newUserRow } from './users.ts'

/** A validated user as a configuration lists it. */
type ListedUser = Omit<UserInput, 'password' | 'passwordHash'> & {
  readonly password?: string | null | undefined
  readonly passwordHash?: string | null | undefined
}

/** What to do so that the user is as listed. Throws `conflict`, naming the place in the configuration. */
export async function planUser(
  operations: Operations,
  tenant: string,
  input: UserInput,
  path: string,
): Promise<Change> {
  const { password, passwordHash, ...fields } = input as ListedUser
  const known = await findListed(operations, tenant, fields, path)
  if (known === null) return await planNew(operations, tenant, fields, { password, passwordHash }, path)
  const listed = newUserRow(operations, tenant, { ...fields, id: known.id }, null)
  const wanted = {
    username: listed.username,
    email: listed.email,
    roles: listed.roles,
    scopes: listed.scopes,
    claims: listed.claims,
    // Somebody disabled elsewhere stays so, unless the configuration says otherwise.
    disabled: fields.disabled ?? known.disabled,
  }
  const hash = await newHash(operations, known, { password, passwordHash })
  const changes = [...changesOf(known, wanted), ...(hash === undefined ? [] : ['password'])]
  const remember = await planMemory(operations, known, passwordHash ?? null)
  const update = async () => {
    const { version } = known
    await changeUser(operations, tenant, known.id, { fields: wanted, passwordHash: hash }, { version })
  }
  return {
    report: {
      path,
      kind: 'user',
      id: known.id,
      name: listed.username,
      outcome: changes.length > 0 ? 'updated' : 'unchanged',
      fields: changes,
    },
    write: changes.length === 0 ? remember : sequence(update, remember),
  }
}

interface ListedPassword {
  readonly password: string | null | undefined
  readonly passwordHash: string | null | undefined
}

async function planNew(
  operations: Operations,
  tenant: string,
  fields: ListedUser,
  { password, passwordHash }: ListedPassword,
  path: string,
): Promise<Change> {
  if (fields.id != null) await requireFree(operations, 'user', tenant, fields.id)
  const row = newUserRow(operations, tenant, fields, passwordHash)
  return {
    report: { path, kind: 'user', id: row.id, name: row.username, outcome: 'created', fields: [] },
    async write() {
      const hash = password == null ? row.passwordHash : await operations.passwords.hash(password)
      await insertUser(operations, { ...row, passwordHash: hash })
      if (passwordHash != null) await operations.store.saveFact(memoryOf(row), digestOf(passwordHash))
    },
  }
}

async function findListed(
  { store }: Operations,
  tenant: string,
  { id, username, email }: ListedUser,
  path: string,
): Promise<UserRow | null> {
  const named = await store.findUserByLogin(tenant, username)
  const mailed = email == null ? null : await store.findUserByLogin(tenant, email)
  if (mailed !== null && mailed.id !== (id ?? named?.id)) {
    throw conflict(path, `the e-mail address is that of the user ${mailed.id}`)
  }
  if (id == null) {
    // A user is found by the e-mail address too, but that of another user is not this one's name.
    if (named === null || loginKey(named.username) === loginKey(username)) return named
    throw conflict(path, `the user name is the e-mail address of the user ${named.id}`)
  }
  const known = await store.findUser(tenant, id)
  if (named !== null && named.id !== id) {
    throw conflict(path, `the user name is that of the user ${named.id}, and an id can not be changed`)
  }
  return known
}

/** The hash to store in place of the known one; undefined: the known one is right. */
async function newHash(
  operations: Operations,
  known: UserRow,
  { password, passwordHash }: ListedPassword,
): Promise<string | undefined> {
  if (password != null) {
    const answer = await operations.passwords.verify(known.passwordHash, password)
    return answer === 'mismatch' ? await operations.passwords.hash(password) : undefined
  }
  if (passwordHash == null || passwordHash === known.passwordHash) return undefined
  return (await isRemembered(operations, known, passwordHash)) ? undefined : passwordHash
}

/**
 * A listed hash is applied once. What replaced it since, such as a stronger hash of the same password at a login,
 * can not be told from it, so the store remembers which listed hash was applied.
 */
async function planMemory(
  operations: Operations,
  user: UserRow,
  passwordHash: string | null,
): Promise<(() => Promise<void>) | null> {
  if (passwordHash === null || (await isRemembered(operations, user, passwordHash))) return null
  return () => operations.store.saveFact(memoryOf(user), digestOf(passwordHash))
}

async function isRemembered({ store }: Operations, user: UserRow, passwordHash: string): Promise<boolean> {
  return (await store.findFact(memoryOf(user))) === digestOf(passwordHash)
}

function memoryOf({ tenant, id }: Pick<UserRow, 'tenant' | 'id'>): string {
  return `listed_password_hash/${tenant}/${id}`
}

function digestOf(text: string): string {
  return Buffer.from(sha256(text)).toString('base64url')
}

function sequence(first: () => Promise<void>, second: (() => Promise<void>) | null): () => Promise<void> {
  return async () => {
    await first()
    await second?.()
  }
}

function conflict(path: string, message: string): AdminError {
  return new AdminError('conflict', `${path}: ${message}.`, [{ path, message }])
}

/** Dumps of shops of any size, as pg_dump would write them: `node test/import/generated-shop.ts USERS TOKENS FILE [later]`. */
import { createHash } from 'node:crypto'
import { closeSync, openSync, writeSync } from 'node:fs'

export interface GeneratedShop {
  readonly users: number
  readonly tokens: number
  /** Milliseconds since the epoch: the tokens were issued an hour before, for a month. */
  readonly nowMs: number
  /** What every user has another password by, and two tokens of ten are revoked instead of one. Absent: not. */
  readonly isLater?: boolean
}

/** Every tenth token is revoked. */
export const isRevoked = (token: number) => token % 10 === 9

export const accessTokenOf = (token: number) => `access-${token}`.padEnd(43, 'x')
const refreshTokenOf = (token: number) => `refresh-${token}`.padEnd(43, 'x')
const emailOf = (user: number) => `user${user}@example.com`

/** A run of rows at a time: the whole would not fit into memory. */
export function writeGeneratedShop(path: string, shop: GeneratedShop): void {
  const { users, tokens, nowMs, isLater = false } = shop
  const file = openSync(path, 'w')
  const issued = new Date(nowMs - 3_600_000).toISOString().slice(0, 19).replace('T', ' ')
  let text = ''
  const line = (fields: readonly (string | number)[]) => {
    text += `${fields.join('\t')}\n`
    if (text.length < 1_000_000) return
    writeSync(file, text)
    text = ''
  }
  text += "SET client_encoding = 'UTF8';\n"
  text += `COPY public.spree_oauth_access_tokens (id, resource_owner_id, application_id, token, refresh_token, expires_in,
    revoked_at, created_at, scopes, previous_refresh_token, resource_owner_type) FROM stdin;\n`
  for (let id = 0; id < tokens; id++) {
    const hashes = [digest('sha256', accessTokenOf(id)), digest('sha256', refreshTokenOf(id))]
    const previous = id % 10 === 5 ? digest('sha256', refreshTokenOf(id - 1)) : ''
    const revoked = isRevoked(id) || (isLater && id % 10 === 0) ? issued : '\\N'
    line([id, id % users, '\\N', ...hashes, 2_629_746, revoked, issued, '', previous, 'Spree::User'])
  }
  text +=
    '\\.\n\nCOPY public.spree_oauth_applications (id, name, uid, secret, redirect_uri, scopes, confidential) FROM stdin;\n'
  line([1, 'Sync', 'sync-application', 'sync-secret-0123456789-abcdefghijklmnop', '', 'admin', 't'])
  text += '\\.\n\nCOPY public.spree_role_users (id, role_id, user_id) FROM stdin;\n'
  for (let id = 0; id < users; id++) line([id, id % 1000 === 0 ? 1 : 2, id])
  text += '\\.\n\nCOPY public.spree_roles (id, name) FROM stdin;\n1\tadmin\n2\tuser\n\\.\n\n'
  text +=
    'COPY public.spree_users (id, encrypted_password, password_salt, email, created_at, deleted_at) FROM stdin;\n'
  for (let id = 0; id < users; id++)
    line([
      id,
      digest('sha512', isLater ? `later ${id}` : String(id)),
      `salt${id}`,
      emailOf(id),
      issued,
      '\\N',
    ])
  writeSync(file, `${text}\\.\n`)
  closeSync(file)
}

function digest(name: string, text: string): string {
  return createHash(name).update(text).digest('hex')
}

if (import.meta.main) {
  const [users = '', tokens = '', path = '', later] = process.argv.slice(2)
  const shop = { users: Number(users), tokens: Number(tokens), nowMs: Date.now() }
  writeGeneratedShop(path, { ...shop, isLater: later === 'later' })
}

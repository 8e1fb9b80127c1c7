/** A customer who registers at the old shop after it was imported, in its database and in what its token API says. */
import { createHash, randomBytes } from 'node:crypto'
import type { Asked, Said } from '../surface-check/old-server.ts'

const CUSTOMER = { id: 6, email: 'carla@example.com', password: 'carla-secret' }

const EXPIRES_IN = 2_629_746

/** The row that the shop has of her, with the hash of a new Spree. */
export function customerRow(): string {
  const { id, email, password } = CUSTOMER
  const salt = randomBytes(15).toString('base64url')
  let digest = password + salt
  for (let stretch = 0; stretch < 20; stretch++) digest = createHash('sha512').update(digest).digest('hex')
  return `insert into spree_users (id, email, login, encrypted_password, password_salt, created_at, updated_at)
    values (${id}, '${email}', '${email}', '${digest}', '${salt}', now() at time zone 'UTC', now() at time zone 'UTC')`
}

/** What the shop answers to her login, to a refresh of it, and about her tokens, as it was recorded of others; null: it is not about her. */
export function answerCustomer(): (asked: Asked) => Said | null {
  const accessTokens = new Set<string>()
  const refreshTokens = new Set<string>()

  function issued(): Said {
    const [access, refresh] = [token(), token()]
    accessTokens.add(access)
    refreshTokens.add(refresh)
    const created_at = Math.floor(Date.now() / 1000)
    return said({
      ...{ access_token: access, token_type: 'Bearer', expires_in: EXPIRES_IN },
      ...{ refresh_token: refresh, created_at },
    })
  }

  function info(): Said {
    const owner = { resource_owner_id: CUSTOMER.id, scope: [], expires_in: EXPIRES_IN }
    const created_at = Math.floor(Date.now() / 1000)
    return said({ ...owner, application: { uid: null }, created_at, resource_owner_type: 'Spree::User' })
  }

  return ({ path, headers, body }) => {
    const form = new URLSearchParams(body)
    const bearer = headers.authorization?.replace('Bearer ', '') ?? ''
    if (path === '/spree_oauth/token/info') return accessTokens.has(bearer) ? info() : null
    if (path !== '/spree_oauth/token') return null
    const isLogin = form.get('username') === CUSTOMER.email && form.get('password') === CUSTOMER.password
    return isLogin || refreshTokens.delete(form.get('refresh_token') ?? '') ? issued() : null
  }
}

function said(body: object): Said {
  const headers = { 'Content-Type': 'application/json; charset=utf-8', 'Cache-Control': 'no-store' }
  return { status: 200, headers, body: JSON.stringify(body) }
}

function token(): string {
  return randomBytes(32).toString('base64url')
}

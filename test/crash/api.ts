/** The requests of the driver and of the checker. All throw if no answer comes. */
import { randomUUID } from 'node:crypto'
import type { Outcome, Surface } from './facts.ts'
import {
  ADMIN_TOKEN,
  clientOf,
  type Endpoints,
  jwtClientOf,
  jwtSecretOf,
  loginOf,
  PASSWORD,
  RESOURCE_SERVER,
  userOf,
} from './under-test.ts'

const TOKEN_PATHS: Readonly<Record<Surface, { readonly token: string; readonly refresh: string }>> = {
  spree: { token: '/spree_oauth/token', refresh: '/spree_oauth/token' },
  standard: { token: '/oauth/token', refresh: '/oauth/token' },
  newstore: { token: '/v0/token', refresh: '/v0/refresh_token' },
}

/** A hung server must not hang its test. */
const PATIENCE_MS = 20_000

export interface Introspected {
  readonly active: boolean
}

export interface Api {
  login(worker: number, surface: Surface, secret: string): Promise<Outcome>
  single(worker: number, format: 'jwt' | 'opaque', secret: string): Promise<Outcome>
  refresh(worker: number, surface: Surface, refreshToken: string, secret: string): Promise<Outcome>
  /** By whoever the token belongs to; newstore has no such endpoint, so there by the operator. */
  revoke(worker: number, surface: Surface | 'jwt', token: string, secret: string): Promise<Outcome>
  disableUser(worker: number, disabled: boolean): Promise<Outcome>
  isUserDisabled(worker: number): Promise<boolean>
  /** Ends the other secrets at once. */
  setSecret(worker: number, secret: string): Promise<Outcome>
  isSecret(worker: number, secret: string): Promise<boolean>
  rotateKeys(algorithm: string): Promise<Outcome>
  isActive(token: string): Promise<boolean>
  jwks(): Promise<{ readonly keys: readonly { readonly kid?: string }[] }>
}

/**
 * @param aheadMs how far the server's clock is ahead of this process's.
 * @param refusesForGood whether 503 is an answer; otherwise it is none.
 */
export function createApi({ token, admin }: Endpoints, aheadMs: number, refusesForGood = true): Api {
  let turn = 0
  const next = (urls: readonly string[]) => urls[turn++ % urls.length] ?? ''

  async function send(path: string, form: Readonly<Record<string, string>>): Promise<Response> {
    const signal = AbortSignal.timeout(PATIENCE_MS)
    return await fetch(next(token) + path, { method: 'POST', body: new URLSearchParams(form), signal })
  }

  async function operate(method: string, path: string, body?: object): Promise<Response> {
    return await fetch(`${next(admin)}/admin/v1/tenants/main${path}`, {
      method,
      headers: { authorization: `Bearer ${ADMIN_TOKEN}`, 'content-type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(PATIENCE_MS),
    })
  }

  async function outcomeOf(response: Response): Promise<Outcome> {
    const body = await response.text()
    if (response.status === 503 && !refusesForGood) throw new Error(`nobody knows what became of it: ${body}`)
    if (response.status === 503) return { kind: 'unavailable' }
    if (!response.ok) return { kind: 'refused', status: response.status, body }
    return { kind: 'done', tokens: null }
  }

  async function tokensOf(response: Response): Promise<Outcome> {
    const outcome = await outcomeOf(response.clone())
    if (outcome.kind !== 'done') return outcome
    const { access_token, refresh_token, expires_in } = (await response.json()) as Record<string, unknown>
    const expiresAt = Math.floor((Date.now() + aheadMs) / 1000) + Number(expires_in)
    const refresh = typeof refresh_token === 'string' ? refresh_token : null
    return { kind: 'done', tokens: { access: String(access_token), refresh, expiresAt } }
  }

  const asClient = (worker: number, secret: string) => ({
    client_id: clientOf(worker),
    client_secret: secret,
  })
  const asJwtClient = (worker: number) => ({
    client_id: jwtClientOf(worker),
    client_secret: jwtSecretOf(worker),
  })
  const credentials = (worker: number, surface: Surface, secret: string) =>
    surface === 'newstore' ? {} : asClient(worker, secret)

  return {
    async login(worker, surface, secret) {
      const user = { grant_type: 'password', username: loginOf(worker), password: PASSWORD }
      return await tokensOf(
        await send(TOKEN_PATHS[surface].token, { ...credentials(worker, surface, secret), ...user }),
      )
    },
    async single(worker, format, secret) {
      const client = format === 'jwt' ? asJwtClient(worker) : asClient(worker, secret)
      const path = format === 'jwt' ? '/oauth/token' : '/spree_oauth/token'
      return await tokensOf(await send(path, { ...client, grant_type: 'client_credentials' }))
    },
    async refresh(worker, surface, refreshToken, secret) {
      const grant = { grant_type: 'refresh_token', refresh_token: refreshToken }
      return await tokensOf(
        await send(TOKEN_PATHS[surface].refresh, { ...credentials(worker, surface, secret), ...grant }),
      )
    },
    async revoke(worker, surface, text, secret) {
      if (surface === 'newstore')
        return await outcomeOf(await operate('POST', '/revocations', { token: text }))
      const client = surface === 'jwt' ? asJwtClient(worker) : asClient(worker, secret)
      const path = surface === 'spree' ? '/spree_oauth/revoke' : '/oauth/revoke'
      return await outcomeOf(await send(path, { ...client, token: text }))
    },
    disableUser: async (worker, disabled) =>
      await outcomeOf(await operate('PATCH', `/users/${userOf(worker)}`, { disabled })),
    async isUserDisabled(worker) {
      const response = await operate('GET', `/users/${userOf(worker)}`)
      if (!response.ok) throw new Error(`user ${worker} can not be read: ${response.status}`)
      return ((await response.json()) as { disabled: boolean }).disabled
    },
    setSecret: async (worker, secret) =>
      await outcomeOf(
        await operate('POST', `/clients/${clientOf(worker)}/secrets`, { secret, othersExpireIn: 0 }),
      ),
    async isSecret(worker, secret) {
      // About nothing: it is the client that is asked about.
      const form = { ...asClient(worker, secret), token: randomUUID() }
      const { status } = await send('/oauth/introspect', form)
      if (status !== 200 && status !== 401) throw new Error(`a secret was answered with ${status}`)
      return status === 200
    },
    rotateKeys: async (algorithm) =>
      await outcomeOf(await operate('POST', '/keys/rotate', { algorithm, force: true })),
    async isActive(text) {
      const { id, secret } = RESOURCE_SERVER
      const response = await send('/oauth/introspect', { client_id: id, client_secret: secret, token: text })
      if (!response.ok) throw new Error(`an introspection was answered with ${response.status}`)
      return ((await response.json()) as Introspected).active
    },
    jwks: async () => (await (await fetch(`${next(token)}/.well-known/jwks.json`)).json()) as never,
  }
}

import { onTestFinished } from 'vitest'
import type { MintkeeperConfig } from '../../src/index.ts'
import type { Clock } from '../../src/protocol/time.ts'
import { createMintkeeper, type Mintkeeper } from '../../src/server.ts'
import { MASTER_KEY } from './processes.ts'

const ORIGIN = 'http://localhost'
const PASSWORD = 'correct-Horse_7-battery-staple'
/** A resource server that may do everything else too. */
export const SYNC = { id: 'sync', secret: 'first-secret-0123456789abcdefghijklmnop' }

/** With a user and a client. */
export const SHOP = {
  id: 'shop',
  issuer: `${ORIGIN}/`,
  surfaces: { standard: { passwordGrant: true } },
  users: [{ username: 'ann', password: PASSWORD }],
  clients: [
    {
      ...SYNC,
      grants: ['client_credentials', 'password', 'refresh_token'],
      scopes: ['read'],
      introspect: 'any',
    },
  ],
} as const

/** One tenant, which answers for any host. */
export function configurationOf(database: string, more: Partial<MintkeeperConfig> = {}): MintkeeperConfig {
  return { database, masterKey: MASTER_KEY, defaultTenant: SHOP.id, tenants: [SHOP], ...more }
}

/** A whole server, without listeners, that ends with the test. */
export async function startServer(config: MintkeeperConfig, clock: Clock): Promise<Mintkeeper> {
  const server = await createMintkeeper(config, { clock })
  onTestFinished(() => server.close())
  return server
}

export async function get(server: Mintkeeper, path: string, host = 'localhost'): Promise<Response> {
  return await server.fetch(new Request(`http://${host}${path}`))
}

export async function post(
  server: Mintkeeper,
  path: string,
  form: Readonly<Record<string, string>>,
  { id, secret } = SYNC,
): Promise<Response> {
  const authorization = `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`
  const headers = { authorization }
  return await server.fetch(
    new Request(ORIGIN + path, { method: 'POST', headers, body: new URLSearchParams(form) }),
  )
}

export interface Tokens {
  readonly access_token: string
  readonly refresh_token: string
}

export async function login(server: Mintkeeper, password = PASSWORD): Promise<Tokens> {
  const form = { grant_type: 'password', username: 'ann', password }
  return (await (await post(server, '/oauth/token', form)).json()) as Tokens
}

export async function refresh(server: Mintkeeper, text: string): Promise<Response> {
  return await post(server, '/oauth/token', { grant_type: 'refresh_token', refresh_token: text })
}

export async function isActive(server: Mintkeeper, text: string): Promise<boolean> {
  const answer = await post(server, '/oauth/introspect', { token: text })
  return ((await answer.json()) as { readonly active: boolean }).active
}

/** The ids of the keys that are published. */
export async function kidsOf(server: Mintkeeper): Promise<readonly string[]> {
  const { keys } = (await (await get(server, '/.well-known/jwks.json')).json()) as {
    readonly keys: readonly { readonly kid: string }[]
  }
  return keys.map(({ kid }) => kid).toSorted()
}

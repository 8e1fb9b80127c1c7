/** Tokens of honest clients, some of which must live to the end, and what strangers may have got hold of. */
import type { SurfaceName } from '../../src/protocol/policy.ts'
import { createForgedJwts } from './forged-jwts.ts'
import {
  CLIENT,
  DISABLED_CLIENT,
  DISABLED_USER,
  EXPIRED_SECRET,
  HOST,
  OPAQUE_CLIENT,
  OTHER_HOST,
  OTHER_SECRET,
  PASSWORD,
  PUBLIC_CLIENT,
  RESOURCE_SERVER,
  SPREE_PASSWORD,
  SPREE_USERNAME,
  USERNAME,
  type World,
} from './world.ts'

export interface Person {
  readonly username: string
  readonly password: string
}

/** A client as it shows itself; null: a public one. */
export interface Shown {
  readonly id: string
  readonly secret: string | null
}

/** A live token. */
export interface HeldToken {
  readonly surface: SurfaceName
  readonly kind: 'access' | 'refresh'
  readonly text: string
  /** Whose it is. Null: nobody's, it belongs to whoever has it. */
  readonly client: string | null
}

export const PEOPLE: readonly Person[] = [
  { username: USERNAME, password: PASSWORD },
  { username: SPREE_USERNAME, password: SPREE_PASSWORD },
]

/** Every client that may authenticate. */
export const CLIENTS: readonly Shown[] = [
  CLIENT,
  OPAQUE_CLIENT,
  RESOURCE_SERVER,
  { id: PUBLIC_CLIENT, secret: null },
]

/** Whose secrets are right somewhere else, or were right once. */
export const WRONG_CLIENTS: readonly Shown[] = [
  DISABLED_CLIENT,
  EXPIRED_SECRET,
  { id: CLIENT.id, secret: OTHER_SECRET },
  { id: CLIENT.id, secret: OPAQUE_CLIENT.secret },
  { id: OPAQUE_CLIENT.id, secret: CLIENT.secret },
  { id: PUBLIC_CLIENT, secret: CLIENT.secret },
  { id: CLIENT.id, secret: CLIENT.id },
  { id: 'nobody', secret: CLIENT.secret },
]

export const WRONG_PEOPLE: readonly Person[] = [
  DISABLED_USER,
  { username: USERNAME, password: SPREE_PASSWORD },
  { username: SPREE_USERNAME, password: PASSWORD },
  { username: USERNAME, password: USERNAME },
  { username: 'no-password', password: '' },
  { username: 'no-password', password: 'null' },
  { username: 'nobody@example.com', password: PASSWORD },
]

const TOKEN_PATHS: Readonly<Record<SurfaceName, string>> = {
  newstore: '/v0/token',
  spree: '/spree_oauth/token',
  standard: '/oauth/token',
  realm: '/auth/realms/dodici/protocol/openid-connect/token',
}

/** Which clients log in where. */
const HOLDERS: Readonly<Record<SurfaceName, readonly (Shown | null)[]>> = {
  newstore: [null],
  spree: [null, CLIENT, { id: PUBLIC_CLIENT, secret: null }],
  standard: [CLIENT, OPAQUE_CLIENT, { id: PUBLIC_CLIENT, secret: null }],
  realm: [CLIENT, OPAQUE_CLIENT, { id: PUBLIC_CLIENT, secret: null }],
}

export interface Stock {
  /** What nobody but their holders may use, and what only their holders may end. */
  readonly kept: readonly HeldToken[]
  /** Refresh tokens that their holders use, again and again: an answer that was lost is repeated. */
  readonly used: readonly HeldToken[]
  /** Spent ones of families that are kept: whoever is not their holder does no harm with them. */
  readonly spent: readonly HeldToken[]
  /** What is good nowhere: of another tenant, dead, forged, or what the database has of a token. */
  readonly useless: readonly string[]
  /** The live token that a text is, or null. */
  find(text: string): HeldToken | null
  /** A new one, for a request that ends it. Numbers from that of the holders on: without a user, if that can be. */
  fresh(surface: SurfaceName, holder: number, kind: HeldToken['kind']): Promise<HeldToken>
  /** Whether a token lives, as the resource server is told. */
  lives(token: HeldToken): Promise<boolean>
}

interface Tokens {
  readonly access_token: string
  readonly refresh_token: string
}

export async function createStock({ harness, dead, digests }: World): Promise<Stock> {
  const found = new Map<string, HeldToken>()

  async function ask(surface: SurfaceName, holder: Shown | null, form: Record<string, string>, host = HOST) {
    const response = await harness.send({
      path:
        form.refresh_token !== undefined && surface === 'newstore'
          ? '/v0/refresh_token'
          : TOKEN_PATHS[surface],
      host,
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({
        ...form,
        ...(holder !== null && { client_id: holder.id }),
        ...(holder !== null && holder.secret !== null && { client_secret: holder.secret }),
      }).toString(),
    })
    if (response.status !== 200) throw new Error(`${surface}: ${response.body}`)
    return response.json() as Tokens
  }

  const login = (surface: SurfaceName, holder: Shown | null, host = HOST) =>
    ask(surface, holder, { grant_type: 'password', username: USERNAME, password: PASSWORD }, host)

  function held(surface: SurfaceName, holder: Shown | null, kind: HeldToken['kind'], tokens: Tokens) {
    const text = kind === 'access' ? tokens.access_token : tokens.refresh_token
    const token: HeldToken = { surface, kind, text, client: holder?.id ?? null }
    found.set(text, token)
    return token
  }

  const kept: HeldToken[] = []
  const used: HeldToken[] = []
  const spent: HeldToken[] = []
  for (const surface of SURFACE_NAMES) {
    for (const holder of HOLDERS[surface]) {
      const tokens = await login(surface, holder)
      kept.push(held(surface, holder, 'access', tokens), held(surface, holder, 'refresh', tokens))
      used.push(held(surface, holder, 'refresh', await login(surface, holder)))
      if (holder?.secret == null || surface === 'newstore') continue
      const first = await login(surface, holder)
      const refresh = (refresh_token: string) =>
        ask(surface, holder, { grant_type: 'refresh_token', refresh_token })
      const last = await refresh((await refresh(first.refresh_token)).refresh_token)
      spent.push({ surface, kind: 'refresh', text: first.refresh_token, client: holder.id })
      kept.push(held(surface, holder, 'refresh', last))
    }
  }
  const others = [
    await login('newstore', null, OTHER_HOST),
    await login('spree', null, OTHER_HOST),
    await login('standard', { id: PUBLIC_CLIENT, secret: null }, OTHER_HOST),
  ]
  const keys = await harness.services.keys.jwks('dodici')
  const jwts = kept.filter(({ text }) => text.startsWith('ey')).map(({ text }) => text)

  return {
    kept,
    used,
    spent,
    useless: [
      ...others.flatMap(({ access_token, refresh_token }) => [access_token, refresh_token]),
      ...Object.values(dead).flat(),
      ...digests,
      ...jwts.flatMap((jwt) => createForgedJwts(jwt, JSON.parse(keys).keys)),
    ],
    find: (text) => found.get(text) ?? null,
    async fresh(surface, holder, kind) {
      const holders = HOLDERS[surface]
      const own = holders[holder % holders.length] ?? null
      // A client's own JWT is in no table: to end it is something else.
      if (holder >= holders.length && kind === 'access' && own !== null && own.secret !== null) {
        return held(surface, own, kind, await ask(surface, own, { grant_type: 'client_credentials' }))
      }
      return held(surface, own, kind, await login(surface, own))
    },
    async lives({ text }) {
      const response = await harness.post('/oauth/introspect', {
        token: text,
        client_id: RESOURCE_SERVER.id,
        client_secret: RESOURCE_SERVER.secret,
      })
      return response.status === 200 && response.json().active === true
    },
  }
}

const SURFACE_NAMES: readonly SurfaceName[] = ['newstore', 'spree', 'standard', 'realm']

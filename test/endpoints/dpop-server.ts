import { calculateJwkThumbprint } from 'jose'
import type { SurfaceSettings } from '../../src/protocol/policy.ts'
import { type ClientKey, KEY } from '../crypto/assertions.ts'
import { bareJwk, proofClaims, signProof } from '../crypto/proofs.ts'
import type { Harness, TestResponse } from '../harness.ts'
import { PASSWORD, startFaces } from '../surfaces/faces.ts'

export type Form = Readonly<Record<string, string>>

const CONNECT = '/auth/realms/main/protocol/openid-connect'

/** The surfaces that know DPoP. */
export const DPOP_SURFACES = [
  {
    surface: 'standard',
    token: '/oauth/token',
    introspection: '/oauth/introspect',
    issuer: 'https://main.example/',
  },
  {
    surface: 'realm',
    token: `${CONNECT}/token`,
    introspection: `${CONNECT}/token/introspect`,
    issuer: 'https://main.example/auth/realms/main',
  },
] as const

/** Clients by what they are, with what they send of themselves. `jwt` and `opaque` are confidential. */
export const CLIENTS = {
  jwt: { client_id: 'jwt', client_secret: PASSWORD },
  opaque: { client_id: 'opaque', client_secret: PASSWORD },
  'public, JWT': { client_id: 'app' },
  'public, opaque': { client_id: 'opaque-app' },
} as const satisfies Readonly<Record<string, Form>>

export const CLIENT_CREDENTIALS = { grant_type: 'client_credentials' }
export const LOGIN = { grant_type: 'password', username: 'ann', password: PASSWORD }

/** A server with `CLIENTS`, one that gets no token without a proof (`bound`), and the user of `LOGIN`. */
export interface DpopServer {
  readonly harness: Harness
  /** A good proof for the path, with the changes. */
  proof(path: string, changes?: Readonly<Record<string, unknown>>, key?: ClientKey): Promise<string>
  post(path: string, form: Form, proof?: string | null): Promise<TestResponse>
  /** What a resource server is told of a token at `/oauth/introspect`. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look at answers freely
  about(token: string): Promise<any>
  lastReason(): string | null | undefined
}

export async function startDpopServer(settings: SurfaceSettings = {}): Promise<DpopServer> {
  const harness = await startFaces(settings)
  const common = { tenant: 'main', scopes: ['read', 'write'] }
  const app = { ...common, public: true, grants: ['password', 'refresh_token'] } as const
  await harness.client({ ...app, id: 'app' })
  await harness.client({ ...app, id: 'opaque-app', accessToken: 'opaque' })
  await harness.client({ ...common, id: 'bound', secret: PASSWORD, dpopBoundAccessTokens: true })
  await harness.user({ tenant: 'main', username: 'ann', password: PASSWORD })
  const post: DpopServer['post'] = (path, form, proof = null) =>
    harness.post(path, form, proof === null ? {} : { DPoP: proof })
  return {
    harness,
    post,
    proof: (path, changes = {}, key = KEY) =>
      signProof({ ...proofClaims(`https://main.example${path}`, harness.now()), ...changes }, key),
    about: async (token) =>
      (await post('/oauth/introspect', { token, client_id: 'api', client_secret: PASSWORD })).json(),
    lastReason: () => harness.entries.at(-1)?.reason,
  }
}

export async function thumbprintOf(key: ClientKey): Promise<string> {
  return await calculateJwkThumbprint(bareJwk(key) as never)
}

// biome-ignore lint/suspicious/noExplicitAny: tests look at claims freely
export function claimsOf(jwt: string): any {
  return JSON.parse(Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString())
}

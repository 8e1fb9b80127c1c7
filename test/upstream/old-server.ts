/** A server that users are moved from, on a socket, and the one they are moved to, which asks it. */
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import { onTestFinished } from 'vitest'
import { createOriginOf } from '../../src/http/edges/forwarded.ts'
import { createNodeHandler } from '../../src/http/edges/node.ts'
import { createTurn } from '../../src/http/edges/turn.ts'
import { createTenantDirectory } from '../../src/http/tenant.ts'
import type { LegacySurface, UpstreamSettings } from '../../src/protocol/policy.ts'
import { createUpstreams, type UpstreamOptions, type Upstreams } from '../../src/server/upstream/upstream.ts'
import type { TenantRow } from '../../src/store/rows.ts'
import { SURFACES } from '../../src/surfaces/index.ts'
import { createHarness, type Harness, type HarnessOptions, TENANT } from '../harness.ts'
import { listen as listenWith } from '../listen.ts'

export const PASSWORD = 'V3lC4EvMV1X5h3HsB_VU'
export const SUB = 'auth0|596c8f95790837489f4c191c'

/** Something on a port of its own, which goes with the test. */
export interface Socket {
  readonly url: string
  /** `POST /v0/token` and the like, oldest first. */
  readonly asked: string[]
  /** The requests themselves. */
  readonly requests: IncomingMessage[]
  /** No connection is left, and none is taken. */
  close(): Promise<void>
}

export async function listen(handler: RequestListener): Promise<Socket> {
  const asked: string[] = []
  const requests: IncomingMessage[] = []
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`)
    requests.push(request)
    handler(request, response)
  })
  const { origin, close } = await listenWith(server)
  onTestFinished(close)
  return { url: origin, asked, requests, close }
}

export interface OldServer extends Socket {
  readonly harness: Harness
}

/** A server with the surface as the old one has it; its users and clients are added by the test. */
export async function startOld(options: Partial<HarnessOptions> = {}): Promise<OldServer> {
  const harness = createHarness({ tenants: [{ ...TENANT, hosts: ['127.0.0.1'] }], ...options })
  const answer = createNodeHandler(harness.app, createOriginOf([]), createTurn())
  const socket = await listen((request, response) => void answer(request, response))
  return { ...socket, harness }
}

export interface NewServer extends Harness {
  readonly upstreams: Upstreams
  /** Of its breakers. */
  states(): ReturnType<Upstreams['states']>
}

export interface NewOptions extends HarnessOptions {
  readonly surface?: LegacySurface
  readonly settings?: Partial<UpstreamSettings>
  readonly upstreamOptions?: Partial<UpstreamOptions>
  /** Of the surface. */
  readonly surfaceSettings?: object
}

/** A server without users, whose surface asks the old one. */
export function startNew(url: string, options: NewOptions = {}): NewServer {
  const { surface = 'newstore', settings, upstreamOptions, surfaceSettings, ...rest } = options
  const upstreams = createUpstreams({
    operations: () => harness.services,
    ...upstreamOptions,
  })
  onTestFinished(upstreams.close)
  const upstream = { url, ...settings }
  const tenant: TenantRow = {
    ...TENANT,
    surfaces: { [surface]: { ...surfaceSettings, upstream }, standard: {} },
  }
  const harness: Harness = createHarness({ tenants: [tenant], ...rest, upstream: upstreams })
  const { tenants } = createTenantDirectory([tenant], SURFACES, { defaultTenant: null, baseDomains: [] })
  return { ...harness, upstreams, states: () => upstreams.states(tenants) }
}

/** The user of the API document, on the old server. */
export function addAnn({ harness }: OldServer) {
  return harness.user({
    ...{ id: SUB, username: 'ann@example.com', password: PASSWORD, roles: ['newstore_admin'] },
    claims: { newstore_id: '3S40MqkNyMLbOLNGqF6Ryc', region: 'eu' },
  })
}

export function login(server: Harness, username = 'ann@example.com', password = PASSWORD, more = {}) {
  return server.post('/v0/token', { grant_type: 'password', username, password, ...more })
}

export function refresh(server: Harness, refreshToken: string) {
  return server.post('/v0/refresh_token', { grant_type: 'refresh_token', refresh_token: refreshToken })
}

export const SPREE_CLIENT = {
  ...{ id: 'shop', secret: 'the-secret-of-a-shop-that-is-long-enough-ok' },
  scopes: ['read', 'write'],
  accessToken: 'opaque',
} as const

/** In the form. */
export const CREDENTIALS = { client_id: SPREE_CLIENT.id, client_secret: SPREE_CLIENT.secret }

/** An old Spree with Ann, who is an admin, and an application, and a new server that knows only the application. */
export async function startSpree(): Promise<{ readonly old: OldServer; readonly here: NewServer }> {
  const old = await startOld()
  const ann = { id: '17', username: 'ann@example.com', email: 'ann@example.com' }
  await old.harness.user({ ...ann, password: PASSWORD, roles: ['admin'] })
  await old.harness.client(SPREE_CLIENT)
  const here = startNew(old.url, { surface: 'spree' })
  await here.client(SPREE_CLIENT)
  return { old, here }
}

export function spreeLogin(server: Harness, form: object = {}, headers = {}) {
  const grant = { grant_type: 'password', username: 'ann@example.com', password: PASSWORD }
  return server.post('/spree_oauth/token', { ...grant, ...form }, headers)
}

export const BASIC = {
  authorization: `Basic ${Buffer.from(`${SPREE_CLIENT.id}:${SPREE_CLIENT.secret}`).toString('base64')}`,
}

/** As JSON. */
export function reply(response: ServerResponse, status: number, body: unknown, headers = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers })
  response.end(typeof body === 'string' ? body : JSON.stringify(body))
}

export const REQUEST_ID = '6d7c1a70-3f8f-4a54-9d7c-2f0f8f3b3b11'

/** NewStore's refusal. */
export const REFUSED = { status: 403, message: 'Authentication failed', request_id: REQUEST_ID }

/** The claims of a JWT, whoever has signed it. */
export function claimsOf(jwt: string) {
  return JSON.parse(Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString())
}

export function reasonOf(server: Harness): string | null | undefined {
  return server.entries.at(-1)?.reason
}

export function noteOf(server: Harness): string | null | undefined {
  return server.entries.at(-1)?.note
}

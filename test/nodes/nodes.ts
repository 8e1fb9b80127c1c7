/** Servers on one database, as processes of one installation are: the same keys, nothing else in common. */
import { expect, onTestFinished } from 'vitest'
import type { SurfaceSettings } from '../../src/protocol/policy.ts'
import type { Clock } from '../../src/protocol/time.ts'
import type { TenantRow } from '../../src/store/rows.ts'
import type { Store } from '../../src/store/store.ts'
import { openSqliteStore } from '../../src/stores/sqlite/database.ts'
import { createHarness, type Harness, type HarnessOptions, TENANT, type TestResponse } from '../harness.ts'
import { newPath } from '../stores/sqlite-file.ts'

/** A database that was empty when the test began; each server opens it anew. */
export interface Database {
  open(clock: Clock): Promise<Store>
}

/** What the tests of this directory run on. */
export interface Installation {
  readonly name: string
  /** How many servers share a database. */
  readonly size: number
  /** How many rounds a test takes that takes `rounds` where a round is cheap. */
  rounds(rounds: number): number
  newDatabase(): Promise<Database>
}

export const ON_SQLITE: Installation = {
  name: 'two servers on one SQLite file',
  size: 2,
  rounds: (rounds) => rounds,
  newDatabase: async () => newFile(),
}

export const NOW = 1_767_225_600
export const PASSWORD = 'correct-Horse_7-battery-staple'
export const CLIENT = { id: 'shop', secret: 'the-secret-of-the-shop-that-nobody-can-guess' }
const SERVER = { id: 'api', secret: 'the-secret-of-a-resource-server-that-asks-all' }

/** One tenant at `main.example`, whose surfaces all have the settings. */
export function tenantOf(settings: SurfaceSettings = {}): TenantRow {
  return {
    ...TENANT,
    id: 'main',
    hosts: ['main.example'],
    issuer: 'https://main.example/',
    signingAlgorithm: 'ES256',
    surfaces: { spree: settings, standard: { ...settings, passwordGrant: true } },
  }
}

export interface Node extends Harness {
  close(): Promise<void>
}

/** An SQLite file in a directory that goes with the test. */
export function newFile(): Database & { readonly path: string } {
  const path = newPath()
  return { path, open: (clock) => openSqliteStore({ path, clock }) }
}

/** A server that ends with the test, if not before. */
export async function startNode(
  database: Database,
  tenant: TenantRow,
  now = NOW,
  options: Pick<HarnessOptions, 'loginFailures'> = {},
): Promise<Node> {
  let seconds = () => now
  const store = await database.open(() => seconds() * 1000)
  const harness = createHarness({ ...options, store, tenants: [tenant], now })
  seconds = harness.now
  await store.saveTenant(tenant)
  let open = true
  const close = async () => {
    if (open) await store.close()
    open = false
  }
  onTestFinished(close)
  return { ...harness, close }
}

/** A node with a client and a resource server. */
export async function firstNode(
  database: Database,
  settings: SurfaceSettings,
  accessToken: 'jwt' | 'opaque' = 'opaque',
): Promise<Node> {
  const node = await startNode(database, tenantOf(settings))
  await node.client({ ...CLIENT, accessToken, scopes: ['read', 'write'] })
  await node.client({ ...SERVER, introspect: 'any' })
  return node
}

/** All servers of an installation, on a database that has a client and a resource server. */
export async function startNodes(
  { size, newDatabase }: Installation,
  settings: SurfaceSettings = {},
  accessToken: 'jwt' | 'opaque' = 'opaque',
): Promise<readonly Node[]> {
  const database = await newDatabase()
  const first = await firstNode(database, settings, accessToken)
  const others = Array.from({ length: size - 1 }, () => startNode(database, tenantOf(settings)))
  return [first, ...(await Promise.all(others))]
}

/** As many nodes as asked for, in turns. */
export function inTurns<Each>(nodes: readonly Each[], count: number): readonly Each[] {
  return Array.from({ length: count }, (_, index) => nodes[index % nodes.length] as Each)
}

export interface Answer {
  readonly access_token: string
  readonly refresh_token: string
}

type Form = Readonly<Record<string, string>>

export function as({ id, secret }: { readonly id: string; readonly secret: string }) {
  return { authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}` }
}

export function token(node: Harness, form: Form): Promise<TestResponse> {
  return node.post('/oauth/token', form, as(CLIENT))
}

export async function login(node: Harness, username: string): Promise<Answer> {
  const response = await token(node, { grant_type: 'password', username, password: PASSWORD })
  expect([response.status, response.body]).toEqual([200, expect.any(String)])
  return response.json()
}

export function refresh(node: Harness, refreshToken: string): Promise<TestResponse> {
  return token(node, { grant_type: 'refresh_token', refresh_token: refreshToken })
}

export function revoke(node: Harness, text: string): Promise<TestResponse> {
  return node.post('/oauth/revoke', { token: text }, as(CLIENT))
}

export async function isActive(node: Harness, text: string): Promise<boolean> {
  const response = await node.post('/oauth/introspect', { token: text }, as(SERVER))
  expect(response.status).toBe(200)
  return response.json().active
}

/** Those of the answers' tokens that are live. */
export async function liveOf(node: Harness, responses: readonly TestResponse[]): Promise<string[]> {
  const answers: Answer[] = responses.filter(({ status }) => status === 200).map((each) => each.json())
  const live: string[] = []
  for (const text of answers.flatMap((each) => [each.access_token, each.refresh_token])) {
    if (text !== undefined && (await isActive(node, text))) live.push(text)
  }
  return live
}

export function expectNoFailure(responses: readonly TestResponse[]): void {
  expect(responses.filter(({ status }) => status >= 500).map(({ body }) => body)).toEqual([])
}

/** Lets requests that are under way take so many turns. */
export async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve))
}

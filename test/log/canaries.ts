/** A whole server on SQLite whose log is kept, and secrets that must be found nowhere. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'vitest'
import { createPasswords } from '../../src/crypto/password.ts'
import { createLog, createMetrics, createMintkeeper, type Metrics, type Mintkeeper } from '../../src/index.ts'

const HOST = 'main.example'

/** All that a server is told in confidence. The last part of each tells what it was. */
export const SECRETS = {
  password: 'canary-4f7d1c-password-of-a-user',
  weakPassword: 'canary-91ab30-password-hashed-weakly',
  wrongPassword: 'canary-77e0d2-wrong-password',
  clientSecret: 'canary-c0ffee-secret-of-a-client-0123456789-ABCDEFGH',
  chosenSecret: 'canary-5a5a5a',
  importedSecret: 'canary-d1d2d3-imported-secret-0123456789-ABCDEFGH',
  wrongSecret: 'canary-e9e8e7-wrong-secret',
  unknownToken: 'canary-b4b3b2-token-of-nobody-0123456789abc',
  mistypedName: 'canary-a6a7a8-password-in-the-wrong-field',
  stateOfNobody: 'canary-000111-unknown-parameter',
} as const

export const CLIENT = { id: 'shop', secret: SECRETS.clientSecret }
export const OPAQUE = { id: 'till', secret: SECRETS.chosenSecret }
export const IMPORTED = { id: 'old-shop', secret: SECRETS.importedSecret }
export const SERVER = { id: 'api', secret: 'canary-fedcba-secret-of-a-resource-server-0123456789' }

export type Line = Readonly<Record<string, unknown>>

export interface Server {
  readonly mintkeeper: Mintkeeper
  readonly metrics: Metrics
  /** What was written, one text a call. */
  readonly written: string[]
  /** Gives a client's secret the slow hash it came with, whatever it has by now. */
  importSecret(): Promise<void>
  /** Every secret there is by now; tokens are added as they are issued. */
  readonly secrets: Set<string>
  lines(): readonly Line[]
  send(method: string, path: string, headers?: Record<string, string>, body?: string): Promise<Answer>
  /** Waits until refused requests are in the database that were sent before. */
  refusalsWritten(): Promise<void>
  /** Every file of the data directory, by name. */
  files(): ReadonlyMap<string, Buffer>
  close(): Promise<void>
}

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly body: string
}

const ALL_GRANTS = ['client_credentials', 'password', 'refresh_token'] as const

export async function startServer(): Promise<Server> {
  const weak = createPasswords({ argon2: { memoryCost: 16, timeCost: 1, parallelism: 1 } })
  const directory = mkdtempSync(join(tmpdir(), 'mintkeeper-canary-'))
  const written: string[] = []
  const log = createLog('trace', { write: (text) => void written.push(text) })
  const metrics = createMetrics({ version: '1.2.3' })
  const mintkeeper = await createMintkeeper(
    {
      database: `sqlite:${join(directory, 'mintkeeper.db')}`,
      tenants: [
        {
          id: 'main',
          hosts: [HOST],
          issuer: `https://${HOST}/`,
          surfaces: {
            newstore: {},
            spree: {},
            standard: { passwordGrant: true },
            realm: { passwordGrant: true },
          },
          users: [
            { username: 'ann', password: SECRETS.password, roles: ['admin'] },
            { username: 'bob', passwordHash: await weak.hash(SECRETS.weakPassword) },
          ],
          clients: [
            { ...CLIENT, grants: ALL_GRANTS, scopes: ['read'], accessToken: 'jwt' },
            { ...OPAQUE, grants: ALL_GRANTS, scopes: ['read'], accessToken: 'opaque' },
            { ...IMPORTED, grants: ALL_GRANTS },
            { ...SERVER, introspect: 'any' },
          ],
        },
      ],
    },
    { log, metrics },
  )
  const { store } = mintkeeper.services
  const hash = await weak.hash(IMPORTED.secret)
  async function importSecret(): Promise<void> {
    const client = await store.findClient('main', IMPORTED.id)
    if (client === null) throw new Error('the client is gone')
    await store.updateClient({ ...client, secrets: client.secrets.map((each) => ({ ...each, hash })) })
  }
  await importSecret()
  const secrets = new Set<string>([...Object.values(SECRETS), SERVER.secret])
  for (const { id, secret } of [CLIENT, OPAQUE, IMPORTED, SERVER]) secrets.add(basic(id, secret).slice(6))
  return {
    mintkeeper,
    metrics,
    written,
    secrets,
    importSecret,
    lines: () => written.map((text) => JSON.parse(text)),
    async send(method, path, headers = {}, body) {
      const request = new Request(`https://${HOST}${path}`, { method, headers, body: body ?? null })
      const response = await mintkeeper.fetch(request)
      return { status: response.status, headers: response.headers, body: await response.text() }
    },
    async refusalsWritten() {
      // Of no tenant: none of the others has taken its share.
      const last = await mintkeeper.fetch(new Request('https://nowhere.example/'))
      const id = last.headers.get('x-request-id') ?? ''
      await expect.poll(() => store.findRefusals('any', id, 1), { timeout: 20_000 }).toHaveLength(1)
    },
    files() {
      const names = readdirSync(directory, { recursive: true }).map(String)
      return new Map(names.map((name) => [name, readFileSync(join(directory, name))]))
    },
    async close() {
      await mintkeeper.close()
      rmSync(directory, { recursive: true })
    },
  }
}

export function basic(id: string, secret: string): string {
  return `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`
}

/** No secret is in the text, in any form a careless program could give it. */
export function expectNone(text: string, secrets: Iterable<string>): void {
  for (const secret of secrets) {
    for (const form of formsOf(secret))
      expect(text.includes(form), `${form} in ${text.slice(0, 300)}`).toBe(false)
  }
}

/** As it is, %-encoded, as base64 at any offset, and as hexadecimal. */
function formsOf(secret: string): readonly string[] {
  const bytes = Buffer.from(secret)
  const base64 = [0, 1, 2].map((offset) => {
    const encoded = Buffer.concat([Buffer.alloc(offset), bytes]).toString('base64')
    // What stands at both ends depends on the neighbours.
    return encoded.slice(4, -4)
  })
  return [
    secret,
    encodeURIComponent(secret),
    bytes.toString('hex'),
    ...base64.filter((text) => text.length > 8),
  ]
}

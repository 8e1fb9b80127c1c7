/** A server into which users are imported, and where they then log in as they did at NewStore. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { decodeJwt, type JWTPayload } from 'jose'
import { onTestFinished } from 'vitest'
import { type ImportOptions, importFrom } from '../../src/cli/import/run-import.ts'
import type { ImportReader } from '../../src/import/import.ts'
import { openSourceFile, type SourceFile } from '../../src/import/source-file.ts'
import { createMintkeeper, type Mintkeeper } from '../../src/server.ts'

export const FIXTURES = join(import.meta.dirname, 'fixtures')
const HOST = 'dodici.x.newstore.net'

/** What an import has said: `refused` by place. */
export interface Said {
  readonly report: Readonly<Record<'user' | 'client', Readonly<Record<string, unknown>>>>
  readonly notes: readonly string[]
  readonly refused: Readonly<Record<string, string>>
}

export interface Shop {
  readonly mintkeeper: Mintkeeper
  run(reader: ImportReader, options?: ImportOptions): Promise<Said>
  /** The claims of the token that a login at the newstore surface gives; null: it was refused. */
  login(username: string, password: string): Promise<JWTPayload | null>
}

export async function openShop(): Promise<Shop> {
  const tenant = { id: 'dodici', hosts: [HOST], issuer: `https://${HOST}/` }
  const mintkeeper = await createMintkeeper({ database: 'memory:', tenants: [tenant] })
  onTestFinished(() => mintkeeper.close())
  const opened = { mintkeeper, config: null as never, tenant: await tenantOf(mintkeeper) }
  const silent = { env: {}, out: () => {}, note: () => {}, read: async () => '', isWatched: false }
  return {
    mintkeeper,
    async run(reader, options = {}) {
      const file = join(newDirectory(), 'refused.ndjson')
      const { data } = await importFrom(reader, opened, { ...options, refused: file }, silent)
      const lines = readFileSync(file, 'utf8').split('\n').filter(Boolean)
      const refused = lines.map((line) => JSON.parse(line) as { place: string; reason: string })
      const { notes, ...report } = data as Said['report'] & Pick<Said, 'notes'>
      return {
        report,
        notes,
        refused: Object.fromEntries(refused.map(({ place, reason }) => [place, reason])),
      }
    },
    async login(username, password) {
      const body = new URLSearchParams({ grant_type: 'password', username, password })
      const response = await mintkeeper.fetch(
        new Request(`https://${HOST}/v0/token`, { method: 'POST', body, headers: { host: HOST } }),
      )
      if (response.status !== 200) return null
      return decodeJwt(((await response.json()) as { access_token: string }).access_token)
    },
  }
}

async function tenantOf(mintkeeper: Mintkeeper) {
  const tenant = await mintkeeper.findTenant('dodici')
  if (tenant === null) throw new Error('the tenant is not there')
  return tenant
}

function newDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'mintkeeper-import-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  return directory
}

export function fixture(name: string): Promise<SourceFile> {
  return openSourceFile(join(FIXTURES, name))
}

export async function fileOf(content: string | Uint8Array): Promise<SourceFile> {
  const path = join(newDirectory(), 'file')
  writeFileSync(path, content)
  return await openSourceFile(path)
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}

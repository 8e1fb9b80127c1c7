/** A Mintkeeper that a Spree shop moves to, and what its integrations ask of it. The clock only moves when told. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { importSpree, type SpreeImportOptions } from '../../src/cli/commands/import-spree.ts'
import { SILENT_TERMINAL } from '../../src/cli/terminal.ts'
import { parseConfig } from '../../src/config/load.ts'
import type { KindReport } from '../../src/import/report.ts'
import type { MintkeeperConfig } from '../../src/index.ts'
import { createMintkeeper, type Mintkeeper } from '../../src/server.ts'
import type { Store } from '../../src/store/store.ts'

export const FIXTURES = join(import.meta.dirname, 'fixtures')
export const SAMPLE = join(FIXTURES, 'spree-sample.sql')

/** What the tokens and passwords of the sample are in the clear. */
export const PLAIN = JSON.parse(readFileSync(join(FIXTURES, 'spree-sample.json'), 'utf8')) as {
  readonly users: readonly { readonly id: number; readonly email: string; readonly password: string | null }[]
  readonly applications: readonly { readonly client_id: string; readonly client_secret: string }[]
  readonly tokens: readonly {
    readonly id: number
    readonly access_token: string
    readonly refresh_token: string | null
  }[]
}

/** An hour after the tokens of the sample were issued. */
const AT_ELEVEN = Date.parse('2026-11-01T11:00:00Z')

export interface Imported {
  readonly user: KindReport
  readonly client: KindReport
  readonly token: KindReport
  readonly notes: readonly string[]
}

export interface Shop {
  readonly mintkeeper: Mintkeeper
  readonly store: Store
  advance(seconds: number): void
  nowMs(): number
  import(options: SpreeImportOptions, env?: Readonly<Record<string, string>>): Promise<Imported>
  token(form: Form): Promise<Answer>
  login(username: string, password: string): Promise<Answer>
  info(token: string): Promise<Answer>
  introspect(token: string, client?: Client): Promise<Answer>
  refresh(token: string, client?: Client): Promise<Answer>
  revoke(token: string, client?: Client): Promise<Answer>
}

export interface Answer {
  readonly status: number
  // biome-ignore lint/suspicious/noExplicitAny: tests look at answers freely
  readonly body: any
}

type Form = Readonly<Record<string, string>>
type Client = { readonly client_id: string; readonly client_secret: string }

/** The application of the sample whose secret is stored as bcrypt. */
export const HASHED_APP = clientAt(0)
export const OLD_APP = clientAt(1)
/** It is public. */
export const PAGE = clientAt(2)

function clientAt(index: number): Client {
  const { client_id = '', client_secret = '' } = PLAIN.applications[index] ?? {}
  return { client_id, client_secret }
}

export async function openShop(
  config: Partial<MintkeeperConfig> = {},
  surface: Readonly<Record<string, unknown>> = {},
): Promise<Shop> {
  let nowMs = AT_ELEVEN
  const whole: MintkeeperConfig = {
    database: 'memory:',
    masterKey: Buffer.alloc(32, 7).toString('base64'),
    purgeIntervalSeconds: 0,
    defaultTenant: 'shop',
    tenants: [
      {
        id: 'shop',
        issuer: 'https://shop.example/',
        signingAlgorithm: 'ES256',
        surfaces: { spree: surface, standard: {} },
      },
    ],
    ...config,
  }
  const mintkeeper = await createMintkeeper(whole, { clock: () => nowMs })
  onTestFinished(() => mintkeeper.close())
  const [tenant] = mintkeeper.directory().tenants
  if (tenant === undefined) throw new Error('there is no tenant')

  async function send(method: string, path: string, form: Form | null, headers: Form = {}): Promise<Answer> {
    const body = form === null ? null : new URLSearchParams(form)
    const url = `https://shop.example/spree_oauth/${path}`
    const response = await mintkeeper.fetch(new Request(url, { method, body, headers }))
    return { status: response.status, body: await response.json() }
  }

  return {
    mintkeeper,
    store: mintkeeper.services.store,
    advance(seconds) {
      nowMs += seconds * 1000
    },
    nowMs: () => nowMs,
    async import(options, env = {}) {
      const opened = { mintkeeper, tenant, config: parseConfig(whole).config }
      const answer = await importSpree(opened, options, { ...SILENT_TERMINAL, env })
      return answer.data as Imported
    },
    token: (form) => send('POST', 'token', form),
    login: (username, password) => send('POST', 'token', { grant_type: 'password', username, password }),
    info: (token) => send('GET', 'token/info', null, { authorization: `Bearer ${token}` }),
    introspect: (token, client = HASHED_APP) => send('POST', 'introspect', { token, ...client }),
    refresh: (refresh, client) =>
      send('POST', 'token', { grant_type: 'refresh_token', refresh_token: refresh, ...client }),
    revoke: (token, client) => send('POST', 'revoke', { token, ...client }),
  }
}

/** The plain tokens of a row of the sample. */
export function tokensOf(id: number): { readonly access: string; readonly refresh: string } {
  const row = PLAIN.tokens.find((each) => each.id === id)
  return { access: row?.access_token ?? '', refresh: row?.refresh_token ?? '' }
}

/** The text of the sample as a shop before Spree 4.4 has it. */
export function beforeSpree44(sample: string): string {
  return sample
    .replaceAll(/, resource_owner_type varchar(?: NOT NULL)?\);/g, ');')
    .replaceAll(', resource_owner_type)', ')')
    .replaceAll(/(INTO spree_oauth_access_tokens .*), (?:'Spree::User'|NULL)\);/g, '$1);')
}

/** A file in a directory of its own that goes with the test. */
export function temporaryFile(name: string, text: string | null = null): string {
  const directory = mkdtempSync(join(tmpdir(), 'mintkeeper-import-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  const path = join(directory, name)
  if (text !== null) writeFileSync(path, text)
  return path
}

/** The objects of a file that has one a line. */
export function linesOf(path: string): readonly unknown[] {
  const lines = readFileSync(path, 'utf8').split('\n')
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line))
}

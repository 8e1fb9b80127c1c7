/** A token plane over each kind of store, whose refusals can be asked about. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type FoundRefusal, findRefusal } from '../../src/admin/operations/refusals.ts'
import { hashClientSecret } from '../../src/crypto/client-secret.ts'
import type { Clock } from '../../src/protocol/time.ts'
import type { TenantRow } from '../../src/store/rows.ts'
import type { Store } from '../../src/store/store.ts'
import { createMemoryStore } from '../../src/stores/memory.ts'
import { openPostgresStore } from '../../src/stores/postgres/database.ts'
import { openSqliteStore } from '../../src/stores/sqlite/database.ts'
import { KEY } from '../crypto/assertions.ts'
import { createHarness, type Harness, TENANT, type TestResponse } from '../harness.ts'
import { startPostgres } from '../postgres/server.ts'

/** 2026-01-01T00:00:00Z */
export const NOW = 1_767_225_600
export const PASSWORD = 'correct horse battery staple'
/** As some make them: it is not the same when it was form-encoded. */
export const SECRET = 'k%2Bx+0123456789/abcdefghijklmnopqrstuvw='
export const OLD_SECRET = 'old-secret-0123456789-abcdefghijklmnopqrs'

export type Form = Readonly<Record<string, string>>

export interface World {
  readonly harness: Harness
  /** Why a request was refused. */
  why(answer: TestResponse): Promise<FoundRefusal>
  /** The facts of that, by their names. */
  facts(answer: TestResponse): Promise<readonly string[]>
  close(): Promise<void>
}

export const STORES = {
  memory: async (clock: Clock) => ({ store: createMemoryStore({ clock }), remove: async () => {} }),
  SQLite: async (clock: Clock) => {
    const directory = mkdtempSync(join(tmpdir(), 'mintkeeper-refusals-'))
    const store = await openSqliteStore({ path: join(directory, 'mintkeeper.db'), clock })
    return { store, remove: async () => rmSync(directory, { recursive: true }) }
  },
  PostgreSQL: async (clock: Clock) => {
    const server = await startPostgres({ fsync: 'off' })
    const store = await openPostgresStore({ url: await server.createDatabase(), clock })
    return { store, remove: () => server.remove() }
  },
} satisfies Readonly<
  Record<string, (clock: Clock) => Promise<{ readonly store: Store; remove(): Promise<void> }>>
>

const SURFACES = {
  newstore: {},
  spree: { requiredRoles: [] },
  standard: { passwordGrant: true },
  realm: { passwordGrant: true },
} as const

/** A tenant at the host `{id}.example`. */
export function tenantOf(id: string, changes: Partial<TenantRow> = {}): TenantRow {
  const named = { id, hosts: [`${id}.example`], issuer: `https://${id}.example/` }
  return { ...TENANT, surfaces: SURFACES, ...named, ...changes }
}

/**
 * The tenants `main`, `other` and `few`, and `more`; users `ann` and `bob`, clients `shop`, `till`, `signer` and
 * `reader` of the first.
 */
export async function createWorld(
  open: (typeof STORES)[keyof typeof STORES],
  more: readonly TenantRow[] = [],
): Promise<World> {
  let clock: Clock = () => NOW * 1000
  const { store, remove } = await open(() => clock())
  const few = tenantOf('few', { surfaces: { spree: {} } })
  const tenants = [tenantOf('main'), tenantOf('other'), few, ...more]
  const harness = createHarness({
    store,
    now: NOW,
    tenants,
    loginFailures: { perUser: 5 },
    onFailure: (cause) => {
      throw cause
    },
  })
  clock = harness.services.clock
  for (const tenant of tenants) await store.saveTenant(tenant)
  const secretRow = (id: string, secret: string, expiresAt: number | null) => ({
    ...{ id, name: null, hash: hashClientSecret(secret), createdAt: NOW - 1000, expiresAt },
  })
  await harness.user({ username: 'ann', password: PASSWORD })
  await harness.user({ username: 'bob', password: PASSWORD, scopes: ['read'] })
  await harness.user({ tenant: 'other', username: 'carol', password: PASSWORD })
  const secrets = [secretRow('old', OLD_SECRET, NOW - 10), secretRow('new', SECRET, null)]
  await harness.client({ id: 'shop', secrets, scopes: ['read', 'write'] })
  await harness.client({ id: 'till', secret: OLD_SECRET, grants: ['client_credentials'] })
  await harness.client({ id: 'signer', secrets: [], jwks: { keys: [KEY.jwk] } })
  await harness.client({ id: 'reader', secret: SECRET, scopes: ['read'], accessToken: 'opaque' })
  await harness.client({ tenant: 'other', id: 'elsewhere', secret: SECRET })

  async function why(answer: TestResponse): Promise<FoundRefusal> {
    const requestId = answer.header('x-request-id') ?? answer.header('x-newstore-request-id') ?? ''
    await harness.writeRefusals()
    const found = await findRefusal({ store } as never, 'any', requestId)
    if (found === null) throw new Error(`no refusal ${requestId} of an answer ${answer.status}`)
    return found
  }

  return {
    harness,
    why,
    facts: async (answer) => (await why(answer)).diagnosis.facts.map(({ fact }) => fact),
    async close() {
      await store.close()
      await remove()
    },
  }
}

export function basic(id: string, secret: string): Form {
  return { authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}` }
}

/** As RFC 6749 §2.3.1 wants it. */
export function encodedBasic(id: string, secret: string): Form {
  return basic(encodeURIComponent(id), encodeURIComponent(secret))
}

export const REALM = '/auth/realms/main/protocol/openid-connect'

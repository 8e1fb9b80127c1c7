import { createHash } from 'node:crypto'
import { createAuditDigest } from '../src/crypto/audit-digest.ts'
import { hashClientSecret } from '../src/crypto/client-secret.ts'
import { createClientSecret } from '../src/crypto/client-secret-text.ts'
import { createKeyedDigest } from '../src/crypto/keyed-digest.ts'
import { createPasswords } from '../src/crypto/password.ts'
import { createRandom } from '../src/crypto/random.ts'
import { createMasterKey, deriveKey } from '../src/crypto/seal.ts'
import type { Services } from '../src/endpoints/call.ts'
import { createSlowClientSecrets } from '../src/endpoints/client-secret-check.ts'
import { createClientSecretUses } from '../src/endpoints/client-secret-uses.ts'
import { createKeyRing } from '../src/endpoints/key-ring.ts'
import { createLoginLimits } from '../src/endpoints/login-limits.ts'
import { createRequestRate } from '../src/endpoints/request-rate.ts'
import type { Upstream } from '../src/endpoints/upstream.ts'
import { createUsageLedger } from '../src/endpoints/usage-ledger.ts'
import { type App, createApp } from '../src/http/app.ts'
import { createTenantDirectory } from '../src/http/tenant.ts'
import type { Log, RequestEntry } from '../src/log/log.ts'
import type { HttpResponse } from '../src/protocol/http.ts'
import { createExaminer } from '../src/refusals/examine.ts'
import { createRefusalLedger } from '../src/refusals/refusal-ledger.ts'
import type { RefusalShare } from '../src/refusals/refusal-share.ts'
import { createRequestAudit } from '../src/server/request-audit.ts'
import { createLoginBuckets } from '../src/store/login-buckets.ts'
import type { ClientRow, TenantRow, UserRow } from '../src/store/rows.ts'
import type { Store } from '../src/store/store.ts'
import { createMemoryStore } from '../src/stores/memory.ts'
import { SURFACES } from '../src/surfaces/index.ts'

/** The token plane on a memory store, with a clock that only moves when told. */
export interface Harness {
  readonly app: App
  readonly store: Store
  readonly services: Services
  /** What was logged, newest last. */
  readonly entries: RequestEntry[]
  /** Stores when which secrets were used, as a server does each minute. */
  writeSecretUses(): Promise<void>
  /** Stores who asked for what, as a server does each minute. */
  writeUsage(): Promise<void>
  /** Finds out why requests were refused, and stores it, as a server does each second. */
  writeRefusals(): Promise<void>
  /** Moves the clock by so many seconds. */
  advance(seconds: number): void
  /** Seconds since the epoch. */
  now(): number
  user(user: Partial<UserRow> & { readonly password?: string | null }): Promise<UserRow>
  /** A client, with the given secret or a random one unless it is public. */
  client(
    client: Partial<ClientRow> & { readonly secret?: string },
  ): Promise<ClientRow & { readonly secret: string }>
  send(request: TestRequest): Promise<TestResponse>
  /** POSTs a form. */
  post(
    path: string,
    form: Readonly<Record<string, string>>,
    headers?: Readonly<Record<string, string>>,
  ): Promise<TestResponse>
}

export interface TestRequest {
  readonly method?: string
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | null
  readonly host?: string
  /** The address it comes from. */
  readonly source?: string | null
}

export interface TestResponse extends HttpResponse {
  /** A header by its name in any case. */
  header(name: string): string | null
  // biome-ignore lint/suspicious/noExplicitAny: tests look at answers freely
  json(): any
}

export interface HarnessOptions {
  readonly tenants?: readonly TenantRow[]
  readonly store?: Store
  /** Seconds since the epoch; default 2026-01-01. */
  readonly now?: number
  /** How many logins may fail, of a user and from a source; default: any number. */
  readonly loginFailures?: { readonly perUser?: number; readonly perSource?: number }
  readonly isTrusted?: (source: string) => boolean
  /** Which refusals are kept; default: all. */
  readonly share?: RefusalShare
  /** Of what is done after the answers. */
  readonly onFailure?: (cause: unknown) => void
  /** What is asked for surfaces that have an upstream; default: nobody. */
  readonly upstream?: Upstream
}

const NO_UPSTREAM: Upstream = {
  ask: () => Promise.reject(new Error('no server was to be asked')),
  rowOf: () => null,
}

export const TENANT: TenantRow = {
  id: 'dodici',
  hosts: ['dodici.x.newstore.net'],
  issuer: 'https://dodici.x.newstore.net/',
  signingAlgorithm: 'RS256',
  surfaces: null,
}

/** Cheap argon2: tests are about what is decided, not about what hashing costs. */
const passwords = createPasswords({ argon2: { memoryCost: 64, timeCost: 1, parallelism: 1 }, queue: 100_000 })

export function createHarness(options: HarnessOptions = {}): Harness {
  const tenants = options.tenants ?? [TENANT]
  let nowMs = (options.now ?? 1_767_225_600) * 1000
  const clock = () => nowMs
  const store = options.store ?? createMemoryStore({ clock })
  const masterKey = createMasterKey(new Uint8Array(32).fill(7))
  store.startAudit({ digest: createAuditDigest(deriveKey(masterKey, 'audit log')) })
  const random = createRandom()
  const loginBuckets = createLoginBuckets({
    digest: createKeyedDigest(deriveKey(masterKey, 'login failures')),
    failuresPerUser: options.loginFailures?.perUser ?? 0,
    failuresPerSource: options.loginFailures?.perSource ?? 0,
    isTrusted: options.isTrusted ?? (() => false),
  })
  const entries: RequestEntry[] = []
  const log: Log = {
    request: (entry) => entries.push(entry),
    info: () => {},
    warn: () => {},
    error: () => {},
  }
  const secretUses = createClientSecretUses({ store })
  const services: Services = {
    store,
    clock,
    random,
    passwords,
    logins: createLoginLimits(store, loginBuckets, (run) => void setTimeout(run, 1000).unref()),
    keys: createKeyRing({ store, clock, masterKey }),
    rate: createRequestRate(() => clock()),
    secretUses,
    slowSecrets: createSlowClientSecrets(),
    audit: createRequestAudit({ store, clock, recordsIssues: true, schedule: () => {} }),
    upstream: options.upstream ?? NO_UPSTREAM,
    rotationKey: createKeyedDigest(deriveKey(masterKey, 'rotation')),
  }
  const usage = createUsageLedger({ store, clock })
  const directory = createTenantDirectory(tenants, SURFACES, { defaultTenant: null, baseDomains: [] })
  const refusals = createRefusalLedger({
    store,
    share: options.share ?? { take: () => true },
    examine: createExaminer(services, () => directory),
    aSecondLater: () => {},
    nextTurn: async () => {},
    onFailure: options.onFailure ?? ((cause) => console.error(cause)),
  })
  const app = createApp({ services, directory: () => directory, log, usage, refusals })
  const now = () => Math.floor(nowMs / 1000)

  async function send(request: TestRequest): Promise<TestResponse> {
    const headers = new Headers({ ...request.headers })
    const response = await app.handle(
      {
        method: request.method ?? 'POST',
        url: request.path,
        headers: { get: (name) => headers.get(name) },
        text: async () => request.body ?? '',
      },
      {
        host: request.host ?? tenants[0]?.hosts[0] ?? null,
        source: request.source === undefined ? '192.0.2.1' : request.source,
      },
    )
    const found = new Headers({ ...response.headers })
    return { ...response, header: (name) => found.get(name), json: () => JSON.parse(response.body) }
  }

  return {
    app,
    store,
    services,
    entries,
    writeSecretUses: secretUses.write,
    writeUsage: usage.write,
    writeRefusals: refusals.write,
    now,
    send,
    advance(seconds) {
      nowMs += seconds * 1000
    },
    post: (path, form, headers = {}) =>
      send({
        path,
        headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
        body: new URLSearchParams(form).toString(),
      }),
    async user({ password = null, ...rest }) {
      const username = rest.username ?? 'myusername@example.com'
      const user: UserRow = {
        tenant: tenants[0]?.id ?? '',
        id: `auth0|${createHash('sha1').update(username).digest('hex').slice(0, 24)}`,
        email: null,
        passwordHash: password === null ? null : await passwords.hash(password),
        roles: [],
        scopes: null,
        claims: {},
        disabled: false,
        tokensValidAfter: 0,
        createdAt: now(),
        version: 1,
        ...rest,
        username,
      }
      await store.insertUser(user)
      return user
    },
    async client({ secret = createClientSecret(random), ...rest }) {
      const client: ClientRow = {
        tenant: tenants[0]?.id ?? '',
        id: 'client',
        name: null,
        public: false,
        secrets: rest.public
          ? []
          : [{ id: 'first', name: null, hash: hashClientSecret(secret), createdAt: now(), expiresAt: null }],
        jwks: null,
        grants: ['client_credentials', 'password', 'refresh_token'],
        scopes: [],
        roles: [],
        claims: {},
        accessToken: 'jwt',
        expiresIn: null,
        introspect: 'own',
        dpopBoundAccessTokens: false,
        disabled: false,
        tokensValidAfter: 0,
        createdAt: now(),
        version: 1,
        ...rest,
      }
      await store.insertClient(client)
      return { ...client, secret }
    },
  }
}

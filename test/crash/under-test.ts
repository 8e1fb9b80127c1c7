/** A server and its database, as the crash driver sees them: whatever the database is, and however many nodes. */
export interface UnderTest {
  /** For messages. */
  readonly name: string
  /** Whether it goes by the clocks of its servers, which `start` moves. */
  readonly movesClock: boolean
  /** Whether nothing was kept of what was answered with 503; otherwise nobody knows. */
  readonly refusesForGood: boolean
  /** Starts what does not run, with a clock that is ahead by so many milliseconds. Resolves when all of it is ready. */
  start(clockAheadMs: number): Promise<Endpoints>
  /** Ends it, or the part of it that is to crash, by SIGKILL; resolves when that is gone. */
  kill(): Promise<void>
  /** Looks into the database while nothing writes: what is wrong with it. */
  findProblems(): Promise<readonly string[]>
  /** Ends everything, and leaves nothing behind. */
  remove(): Promise<void>
}

/** Where it answers: as many of each as there are nodes. */
export interface Endpoints {
  readonly token: readonly string[]
  readonly admin: readonly string[]
}

/** Queries that must find nothing, whenever the database is looked at. */
export const INVARIANTS: Readonly<Record<string, string>> = {
  'half-done refreshes': `select parent.key from tokens parent left join tokens child on child.key = parent.successor
    where (parent.spent_at is null) <> (child.key is null) and parent.spent_at is null`,
  'families with several live leaves': `select coalesce(family, key) from tokens
    where refresh_hash is not null and spent_at is null and revoked_at is null
    group by coalesce(family, key) having count(*) > 1`,
  'algorithms without exactly one active key': `select tenant, algorithm from signing_keys
    group by tenant, algorithm having sum(case when state = 'active' then 1 else 0 end) <> 1`,
}

export const ADMIN_TOKEN = 'crash-test-admin-token-0123456789'
export const PASSWORD = 'crash-test-password-of-everybody'
export const RESOURCE_SERVER = { id: 'api', secret: 'crash-test-secret-of-the-resource-server' }

export const userOf = (worker: number) => `user-${worker}`
export const loginOf = (worker: number) => `user-${worker}@example.com`
/** Its secret is changed all the time. */
export const clientOf = (worker: number) => `client-${worker}`
export const jwtClientOf = (worker: number) => `jwt-client-${worker}`
export const firstSecretOf = (worker: number) => `crash-test-first-secret-of-client-${worker}-0123456789`
export const jwtSecretOf = (worker: number) => `crash-test-secret-of-jwt-client-${worker}-0123456789`

/** How long a spent refresh token is answered with its successor. Longer than a restart takes. Seconds. */
const REUSE_WINDOW = 600

/** Of spree's access tokens: so short that a moved clock lets the purge take them. Seconds. */
const SHORT_LIFE = 7200

/** Of the others': they outlive the test. Seconds. */
const LONG_LIFE = 30 * 86_400

/** What the servers are configured with. JSON is YAML. */
export function configurationFor(workers: number, database: string): string {
  const all = Array.from({ length: workers }, (_, worker) => worker)
  const grants = ['client_credentials', 'password', 'refresh_token']
  return JSON.stringify({
    database,
    defaultTenant: 'main',
    purgeIntervalSeconds: 1,
    tenants: [
      {
        id: 'main',
        hosts: ['main.example'],
        issuer: 'https://main.example/',
        signingAlgorithm: 'ES256',
        surfaces: {
          spree: { expiresIn: SHORT_LIFE, reuseWindow: REUSE_WINDOW, clientCredentialsRefreshToken: false },
          standard: { expiresIn: LONG_LIFE, reuseWindow: REUSE_WINDOW, passwordGrant: true },
          newstore: { expiresIn: 86_400, refresh: 'rotate', reuseWindow: REUSE_WINDOW },
        },
        users: all.map((worker) => ({ id: userOf(worker), username: loginOf(worker), password: PASSWORD })),
        clients: [
          { ...RESOURCE_SERVER, introspect: 'any', grants: ['client_credentials'], scopes: [] },
          ...all.map((worker) => ({
            ...{ id: clientOf(worker), secret: firstSecretOf(worker), accessToken: 'opaque' },
            ...{ grants, scopes: ['read'] },
          })),
          ...all.map((worker) => ({
            ...{ id: jwtClientOf(worker), secret: jwtSecretOf(worker), accessToken: 'jwt' },
            ...{ grants: ['client_credentials'], scopes: ['read'] },
          })),
        ],
      },
    ],
  })
}

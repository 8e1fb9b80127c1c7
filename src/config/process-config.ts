import type { Secret } from '../protocol/secret.ts'
import type { Seconds } from '../protocol/time.ts'

export type LogLevel = 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent'

/** What the process needs to know, wherever it was said: flag, environment, file or default. */
export interface ProcessConfig {
  readonly host: string
  /** 0: a free port. */
  readonly port: number
  /** 0: no control plane. */
  readonly adminPort: number
  /** IP addresses and networks whose `X-Forwarded-*` counts. */
  readonly trustedProxies: readonly string[]
  /** The host `{id}.` and one of these is the tenant's, listed or not. */
  readonly baseDomains: readonly string[]
  /** How long the ports stay open after a stop signal, while `/readyz` says 503 already. */
  readonly drainSeconds: Seconds
  /** A URL, which may hold a password: print it with `printableDatabase`. */
  readonly database: Secret
  /** How many connections to PostgreSQL this process opens at most. */
  readonly databaseConnections: number
  readonly databaseTimeoutSeconds: Seconds
  /** `unnamed` behind a pooler that does not know prepared statements. */
  readonly databaseStatements: 'named' | 'unnamed'
  /** Who brings the schema up to date: whatever opens the database, or only `mintkeeper migrate`. */
  readonly databaseMigration: 'automatic' | 'manual'
  /** Where changes by other nodes are listened for; null: at the database itself. */
  readonly databaseListen: Secret | null
  /** The tenant that answers for hosts no tenant has; null: such a host is not found. */
  readonly defaultTenant: string | null
  readonly logLevel: LogLevel
  /** Null: a key file beside the database. */
  readonly masterKey: Secret | null
  /** Null: `serve` makes one at the first start. */
  readonly adminToken: Secret | null
  /** 0: never. */
  readonly purgeIntervalSeconds: Seconds
  /** How long the audit log is kept; 0: for ever. */
  readonly auditRetentionDays: number
  /** Whether the audit log is told of each token that is issued. */
  readonly auditIssues: boolean
  /** How long the usage ledger goes back; 0: there is none. */
  readonly usageRetentionDays: number
  /** How long refused requests are kept; 0: they are not. */
  readonly refusalRetentionDays: number
  /** Passwords hashed at once; null: as suits the cores there are. */
  readonly passwordHashConcurrency: number | null
  /** Passwords that may wait to be hashed. */
  readonly passwordHashQueue: number
  /** How many logins of a user may fail from one source; 0: any number. */
  readonly loginFailuresPerUser: number
  /** How many logins of all users may fail from one source; 0: any number. */
  readonly loginFailuresPerSource: number
  /** IP addresses and networks whose users are limited one by one only. */
  readonly trustedSources: readonly string[]
  /** How long a password that was right is remembered; 0: not at all. */
  readonly passwordCacheSeconds: Seconds
}

import type { z } from 'zod'
import { AUDIT_OPTIONS } from './audit-options.ts'
import { LOGIN_OPTIONS } from './login-options.ts'
import { addressOrNetwork, bindAddress, databaseUrl, postgresUrl, requestHost } from './network-values.ts'
import { setOf } from './option.ts'
import type { LogLevel, ProcessConfig } from './process-config.ts'
import {
  connectionCount,
  databaseTimeout,
  drainTime,
  interval,
  port,
  refusalDays,
  usageDays,
} from './scalar-values.ts'
import { bearerToken, masterKeyText, oneOf, tenantId } from './text-values.ts'

const LOG_LEVELS: readonly LogLevel[] = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']

export type ProcessOptionName = keyof ProcessConfig

/** One option of the process. Its environment variable, flag and key in the file follow from its name. */
export interface ProcessOption<Name extends ProcessOptionName = ProcessOptionName> {
  /** The mapping of the file that holds it; null: the top. */
  readonly section: 'server' | null
  readonly value: z.ZodType<ProcessConfig[Name]>
  readonly sentence: string
  readonly type: string
  /** What the value is called in `--help`. */
  readonly metavar: string
  /** How the text of a flag or variable is read. */
  readonly text: 'text' | 'number' | 'truth' | 'list'
  /** As it would be written in the file; null: none, and the value is null. */
  readonly fallback: string | number | boolean | readonly string[] | null
  /** What happens without a fallback. */
  readonly otherwise?: string
  /**
   * Where a file may be named that holds the value: nowhere; in the environment; or in the environment, the
   * configuration file and a flag, and then there is no flag for the value itself, which `ps` would show.
   */
  readonly fromFile: 'never' | 'environment' | 'always'
}

/** Every option of the process, once. */
export const PROCESS_OPTIONS = {
  host: {
    section: 'server',
    value: bindAddress,
    sentence: 'Where both listeners bind; `0.0.0.0` or `::` for every interface.',
    type: 'host name or IP address',
    metavar: 'HOST',
    text: 'text',
    fallback: '127.0.0.1',
    fromFile: 'never',
  },
  port: {
    section: 'server',
    value: port,
    sentence: 'Port of the token plane; 0 takes a free one.',
    type: 'port',
    metavar: 'PORT',
    text: 'number',
    fallback: 8080,
    fromFile: 'never',
  },
  adminPort: {
    section: 'server',
    value: port,
    sentence: 'Port of the control plane (admin API, console, health, metrics); 0 switches it off.',
    type: 'port',
    metavar: 'PORT',
    text: 'number',
    fallback: 8081,
    fromFile: 'never',
  },
  trustedProxies: {
    section: 'server',
    value: setOf(addressOrNetwork),
    sentence: 'Proxies whose `X-Forwarded-*` headers count; from anybody else they are ignored.',
    type: 'list of IP addresses and networks',
    metavar: 'LIST',
    text: 'list',
    fallback: [],
    fromFile: 'never',
  },
  baseDomains: {
    section: 'server',
    value: setOf(requestHost),
    sentence: 'Domains under which every tenant has a host of its own: `{id}.` and the domain.',
    type: 'list of host names',
    metavar: 'LIST',
    text: 'list',
    fallback: [],
    fromFile: 'never',
  },
  drainSeconds: {
    section: 'server',
    value: drainTime,
    sentence:
      'How long a server that is stopped goes on taking connections while `/readyz` says 503: as long as a load balancer needs to notice.',
    type: 'seconds',
    metavar: 'SECONDS',
    text: 'number',
    fallback: 0,
    fromFile: 'never',
  },
  database: {
    section: null,
    value: databaseUrl,
    sentence:
      'Where everything is kept: `sqlite:` and a path, `postgres://user:password@host/name`, or `memory:` until the end.',
    type: 'URL',
    metavar: 'URL',
    text: 'text',
    fallback: 'sqlite:data/mintkeeper.db',
    fromFile: 'environment',
  },
  databaseConnections: {
    section: null,
    value: connectionCount,
    sentence: 'PostgreSQL: how many connections this process opens at most.',
    type: 'number',
    metavar: 'NUMBER',
    text: 'number',
    fallback: 10,
    fromFile: 'never',
  },
  databaseTimeoutSeconds: {
    section: null,
    value: databaseTimeout,
    sentence:
      'PostgreSQL: how long a statement, a lock or a connection is waited for; then the answer is 503.',
    type: 'seconds',
    metavar: 'SECONDS',
    text: 'number',
    fallback: 3,
    fromFile: 'never',
  },
  databaseStatements: {
    section: null,
    value: oneOf(['named', 'unnamed'] as const),
    sentence:
      'PostgreSQL: whether statements are prepared under a name; `unnamed` behind a pooler that does not know them (PgBouncer before 1.21).',
    type: '`named`, `unnamed`',
    metavar: 'WORD',
    text: 'text',
    fallback: 'named',
    fromFile: 'never',
  },
  databaseMigration: {
    section: null,
    value: oneOf(['automatic', 'manual'] as const),
    sentence:
      'Whether a server brings an old schema up to date when it starts, or refuses to start until `mintkeeper migrate up` was run.',
    type: '`automatic`, `manual`',
    metavar: 'WORD',
    text: 'text',
    fallback: 'automatic',
    fromFile: 'never',
  },
  databaseListen: {
    section: null,
    value: postgresUrl,
    sentence:
      'PostgreSQL: where changes by other nodes are listened for (LISTEN), if `database` leads to a pooler in transaction mode.',
    type: 'URL',
    metavar: 'URL',
    text: 'text',
    fallback: null,
    otherwise: 'the database itself',
    fromFile: 'environment',
  },
  defaultTenant: {
    section: null,
    value: tenantId,
    sentence: 'The tenant that answers for every host no tenant lists; for development.',
    type: 'tenant id',
    metavar: 'TENANT',
    text: 'text',
    fallback: null,
    otherwise: 'none: such a host is not found',
    fromFile: 'never',
  },
  logLevel: {
    section: null,
    value: oneOf(LOG_LEVELS),
    sentence: 'The least important kind of line that is logged.',
    type: LOG_LEVELS.map((level) => `\`${level}\``).join(', '),
    metavar: 'LEVEL',
    text: 'text',
    fallback: 'info',
    fromFile: 'never',
  },
  masterKey: {
    section: null,
    value: masterKeyText,
    sentence:
      'Encrypts the private signing keys in the database; all nodes need the same (`openssl rand -base64 32`).',
    type: '32 or more bytes as hexadecimal or base64',
    metavar: 'KEY',
    text: 'text',
    fallback: null,
    otherwise: 'a generated file beside the database',
    fromFile: 'always',
  },
  adminToken: {
    section: null,
    value: bearerToken,
    sentence: 'The bearer token that opens the admin API and the console.',
    type: '16 or more letters, digits and `-._~+/`',
    metavar: 'TOKEN',
    text: 'text',
    fallback: null,
    otherwise: 'made at the first start, and shown once',
    fromFile: 'always',
  },
  purgeIntervalSeconds: {
    section: null,
    value: interval,
    sentence: 'How often expired rows are deleted; 0: not by this process.',
    type: 'seconds',
    metavar: 'SECONDS',
    text: 'number',
    fallback: 60,
    fromFile: 'never',
  },
  ...AUDIT_OPTIONS,
  usageRetentionDays: {
    section: null,
    value: usageDays,
    sentence: 'How long it is kept who asked for tokens, how often and from where; 0: nothing of it is.',
    type: 'days',
    metavar: 'DAYS',
    text: 'number',
    fallback: 400,
    fromFile: 'never',
  },
  refusalRetentionDays: {
    section: null,
    value: refusalDays,
    sentence:
      'How long refused requests are kept, without secrets, so that `mintkeeper why` can say why; 0: not at all.',
    type: 'days',
    metavar: 'DAYS',
    text: 'number',
    fallback: 7,
    fromFile: 'never',
  },
  ...LOGIN_OPTIONS,
} as const satisfies { readonly [Name in ProcessOptionName]: ProcessOption<Name> }

export const PROCESS_OPTION_NAMES = Object.keys(PROCESS_OPTIONS) as readonly ProcessOptionName[]

export function processOption<Name extends ProcessOptionName>(name: Name): ProcessOption<Name> {
  return PROCESS_OPTIONS[name] as unknown as ProcessOption<Name>
}

/** `adminPort` → `MINTKEEPER_ADMIN_PORT`. */
export function environmentName(name: ProcessOptionName): string {
  return `MINTKEEPER_${words(name).join('_').toUpperCase()}`
}

/** `adminPort` → `--admin-port`; null for what must not stand on a command line. */
export function flagName(name: ProcessOptionName): string | null {
  return processOption(name).fromFile === 'always' ? null : `--${words(name).join('-')}`
}

/** `adminToken` → `--admin-token-file`; null where the value itself has a flag. */
export function fileFlagName(name: ProcessOptionName): string | null {
  return processOption(name).fromFile === 'always' ? `--${words(name).join('-')}-file` : null
}

/** How the default reads in help and reference. */
export function fallbackText(name: ProcessOptionName): string {
  const { fallback, otherwise } = processOption(name)
  if (fallback === null) return otherwise ?? 'none'
  return `\`${typeof fallback === 'string' ? fallback : JSON.stringify(fallback)}\``
}

function words(name: string): string[] {
  return name.split(/(?=[A-Z])/).map((word) => word.toLowerCase())
}

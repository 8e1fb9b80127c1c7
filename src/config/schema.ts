/**
 * The configuration file as a whole. This folder owns every option of the server: its name, form, unit, default
 * and sentence, from which types, environment variables, flags, `--help` and docs/reference/configuration.md
 * follow. It must not know how an option is carried out: nothing here opens a database or a port.
 *
 * A new option is one entry: of the process in process-options.ts, of a surface in surface-schema.ts, of a
 * tenant, user or client in the file named for it.
 */
import type { z } from 'zod'
import { documented, type Immutable, listOf, mappingOf } from './option.ts'
import type { ProcessConfig } from './process-config.ts'
import { fallbackText, PROCESS_OPTIONS, type ProcessOptionName, processOption } from './process-options.ts'
import { type TenantConfig, tenant } from './tenant-schema.ts'
import { filePath } from './text-values.ts'

function inFile<Name extends ProcessOptionName>(name: Name) {
  const value: (typeof PROCESS_OPTIONS)[Name]['value'] = PROCESS_OPTIONS[name].value
  const { sentence, type } = processOption(name)
  return documented(value.optional(), { sentence, type, default: fallbackText(name) })
}

function fileOf(name: ProcessOptionName) {
  const sentence = `File that holds \`${name}\`, relative to the configuration file.`
  return documented(filePath.optional(), { sentence, type: 'path', default: 'none' })
}

const server = mappingOf({
  host: inFile('host'),
  port: inFile('port'),
  adminPort: inFile('adminPort'),
  trustedProxies: inFile('trustedProxies'),
  baseDomains: inFile('baseDomains'),
  drainSeconds: inFile('drainSeconds'),
})

/** The whole file. */
export const configurationFile = mappingOf({
  server: documented(server.optional(), { sentence: 'The listeners.', type: 'mapping', default: '`{}`' }),
  database: inFile('database'),
  databaseConnections: inFile('databaseConnections'),
  databaseTimeoutSeconds: inFile('databaseTimeoutSeconds'),
  databaseStatements: inFile('databaseStatements'),
  databaseMigration: inFile('databaseMigration'),
  databaseListen: inFile('databaseListen'),
  defaultTenant: inFile('defaultTenant'),
  logLevel: inFile('logLevel'),
  masterKey: inFile('masterKey'),
  masterKeyFile: fileOf('masterKey'),
  adminToken: inFile('adminToken'),
  adminTokenFile: fileOf('adminToken'),
  purgeIntervalSeconds: inFile('purgeIntervalSeconds'),
  auditRetentionDays: inFile('auditRetentionDays'),
  auditIssues: inFile('auditIssues'),
  usageRetentionDays: inFile('usageRetentionDays'),
  refusalRetentionDays: inFile('refusalRetentionDays'),
  passwordHashConcurrency: inFile('passwordHashConcurrency'),
  passwordHashQueue: inFile('passwordHashQueue'),
  loginFailuresPerUser: inFile('loginFailuresPerUser'),
  loginFailuresPerSource: inFile('loginFailuresPerSource'),
  trustedSources: inFile('trustedSources'),
  passwordCacheSeconds: inFile('passwordCacheSeconds'),
  tenants: documented(listOf(tenant), {
    sentence: 'The tenants with their users and clients; `[]` if the database has them already.',
    type: 'list of tenants',
    default: 'required',
  }),
})

/** What the library takes: the file's content as an object. */
export type MintkeeperConfig = Immutable<z.input<typeof configurationFile>>

/** A valid configuration, with defaults filled in and secrets that do not print. */
export interface Config extends Omit<ProcessConfig, keyof ServerConfig> {
  readonly server: ServerConfig
  readonly tenants: readonly TenantConfig[]
}

/** The listeners. */
export type ServerConfig = Pick<
  ProcessConfig,
  'host' | 'port' | 'adminPort' | 'trustedProxies' | 'baseDomains' | 'drainSeconds'
>

import type { z } from 'zod'
import { findInconsistencies, findProcessInconsistencies, type ProcessFinding } from './consistency.ts'
import type { Finding } from './problem.ts'
import type { ProcessConfig } from './process-config.ts'
import { type ProcessOptionName, processOption } from './process-options.ts'
import type { ProcessValues } from './process-values.ts'
import { type Config, configurationFile } from './schema.ts'
import { type ReadFile, resolveSecretFiles } from './secret-files.ts'
import { findUnknownKeys } from './unknown-keys.ts'
import { findWeaknesses } from './weaknesses.ts'

/** What became of a configuration. `config` is null if there are findings. */
export interface Checked {
  readonly config: Config | null
  readonly findings: readonly Finding[]
  readonly processFindings: readonly ProcessFinding[]
  readonly warnings: readonly Finding[]
}

/**
 * Checks the content of a configuration file under every rule at once, and merges it with what flags and
 * environment gave. Paths of secret files begin at `directory`.
 */
export function checkConfig(
  value: unknown,
  given: ProcessValues,
  directory: string,
  readFile: ReadFile,
): Checked {
  const filled = resolveSecretFiles(value, directory, readFile)
  const parsed = configurationFile.safeParse(filled.value)
  const findings = [
    ...filled.findings,
    ...(parsed.error?.issues ?? []).flatMap(findingsOf),
    ...findInconsistencies(filled.value),
  ]
  const processFindings = findProcessInconsistencies(filled.value, given.values)
  const isValid = parsed.success && findings.length === 0 && processFindings.length === 0
  return {
    config: isValid ? configOf(parsed.data, given.values) : null,
    findings,
    processFindings,
    warnings: findWeaknesses(filled.value, given.values),
  }
}

function findingsOf(issue: z.core.$ZodIssue): readonly Finding[] {
  const path = issue.path.map((segment) => (typeof segment === 'symbol' ? String(segment) : segment))
  if (issue.code === 'unrecognized_keys') return findUnknownKeys(path, issue.keys)
  return [{ path, message: issue.message }]
}

function configOf(file: z.output<typeof configurationFile>, given: Partial<ProcessConfig>): Config {
  const inFile: Readonly<Record<string, unknown>> = { ...file.server, ...file }
  // Each source holds values that were checked by the schema of this very option.
  const option = <Name extends ProcessOptionName>(name: Name) => {
    return (given[name] ?? inFile[name] ?? fallbackOf(name)) as ProcessConfig[Name]
  }
  return {
    server: {
      host: option('host'),
      port: option('port'),
      adminPort: option('adminPort'),
      trustedProxies: option('trustedProxies'),
      baseDomains: option('baseDomains'),
      drainSeconds: option('drainSeconds'),
    },
    database: option('database'),
    databaseConnections: option('databaseConnections'),
    databaseTimeoutSeconds: option('databaseTimeoutSeconds'),
    databaseStatements: option('databaseStatements'),
    databaseMigration: option('databaseMigration'),
    databaseListen: option('databaseListen'),
    defaultTenant: option('defaultTenant'),
    logLevel: option('logLevel'),
    masterKey: option('masterKey'),
    adminToken: option('adminToken'),
    purgeIntervalSeconds: option('purgeIntervalSeconds'),
    auditRetentionDays: option('auditRetentionDays'),
    auditIssues: option('auditIssues'),
    usageRetentionDays: option('usageRetentionDays'),
    refusalRetentionDays: option('refusalRetentionDays'),
    passwordHashConcurrency: option('passwordHashConcurrency'),
    passwordHashQueue: option('passwordHashQueue'),
    loginFailuresPerUser: option('loginFailuresPerUser'),
    loginFailuresPerSource: option('loginFailuresPerSource'),
    trustedSources: option('trustedSources'),
    passwordCacheSeconds: option('passwordCacheSeconds'),
    tenants: file.tenants,
  }
}

function fallbackOf(name: ProcessOptionName): unknown {
  const { fallback, value } = processOption(name)
  return fallback === null ? null : value.parse(fallback)
}

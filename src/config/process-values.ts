import { resolve } from 'node:path'
import type { Problem } from './problem.ts'
import type { ProcessConfig } from './process-config.ts'
import {
  environmentName,
  fileFlagName,
  flagName,
  PROCESS_OPTION_NAMES,
  type ProcessOptionName,
  processOption,
} from './process-options.ts'
import { type ReadFile, readSecretFile } from './secret-files.ts'
import { suggest } from './suggestion.ts'

/** Environment variables by name, as `process.env`. */
export type Environment = Readonly<Record<string, string | undefined>>

/** Flags by name (`adminPort`, `adminTokenFile`), as a command-line parser leaves them; others are ignored. */
export type Flags = Readonly<Record<string, unknown>>

export interface ProcessValues {
  readonly values: Partial<ProcessConfig>
  /** Which flag or variable gave a value. */
  readonly origins: ReadonlyMap<ProcessOptionName, string>
  readonly problems: readonly Problem[]
}

/** Names the configuration file; read by `loadConfig`, hence no process option. */
export const CONFIG_VARIABLE = 'MINTKEEPER_CONFIG'

// Kubernetes and Docker describe every service to every container; one called mintkeeper looks like ours.
const SERVICE_LINK = /_(SERVICE_(HOST|PORT(_\w+)?)|PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)$/
const SERVICE_ADDRESS = /^(tcp|udp|sctp):\/\//

/** The options that flags and environment give, a flag before a variable. An empty variable is as good as none. */
export function readProcessValues(env: Environment, flags: Flags, readFile: ReadFile): ProcessValues {
  const problems: Problem[] = unknownVariables(env)
  const values: Record<string, unknown> = {}
  const origins = new Map<ProcessOptionName, string>()
  const give = (name: ProcessOptionName, label: string, text: string | null) => {
    if (text === null) return
    const result = processOption(name).value.safeParse(fromText(name, text))
    if (!result.success) problems.push(...result.error.issues.map(({ message }) => problemOf(label, message)))
    else {
      values[name] = result.data
      origins.set(name, label)
    }
  }
  const giveFile = (name: ProcessOptionName, label: string, path: string | null) => {
    if (path === null) return
    const { text, problem } = readSecretFile(resolve(path), readFile)
    if (problem === null) give(name, label, text)
    else problems.push(problemOf(label, problem))
  }
  for (const name of PROCESS_OPTION_NAMES) {
    const variable = environmentName(name)
    const text = variableText(env, variable)
    const path = processOption(name).fromFile === 'never' ? null : variableText(env, `${variable}_FILE`)
    if (text !== null && path !== null)
      problems.push(problemOf(`${variable}_FILE`, `must not be there beside ${variable}`))
    give(name, variable, text)
    giveFile(name, `${variable}_FILE`, path)
    const fileFlag = fileFlagName(name)
    if (fileFlag === null) give(name, flagName(name) ?? name, flagText(flags[name]))
    else giveFile(name, fileFlag, flagText(flags[`${name}File`]))
  }
  return { values, origins, problems }
}

function variableText(env: Environment, variable: string): string | null {
  const text = env[variable]
  return text === undefined || text === '' || isServiceLink(variable, text) ? null : text
}

function isServiceLink(variable: string, text: string): boolean {
  return SERVICE_LINK.test(variable) || (variable.endsWith('_PORT') && SERVICE_ADDRESS.test(text))
}

function flagText(value: unknown): string | null {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : null
}

/** What the text would be in the file. Text that is no number stays text, and is refused as such. */
function fromText(name: ProcessOptionName, text: string): unknown {
  const kind = processOption(name).text
  if (kind === 'number') return /^\d{1,15}$/.test(text.trim()) ? Number(text) : text
  if (kind === 'truth') return /^(true|false)$/.test(text) ? text === 'true' : text
  if (kind === 'text') return text
  return text.split(',').flatMap((item) => (item.trim() === '' ? [] : [item.trim()]))
}

function unknownVariables(env: Environment): Problem[] {
  const known = PROCESS_OPTION_NAMES.flatMap((name) => {
    const variable = environmentName(name)
    return processOption(name).fromFile === 'never' ? [variable] : [variable, `${variable}_FILE`]
  }).concat(CONFIG_VARIABLE)
  return Object.entries(env)
    .filter(([name, text]) => name.startsWith('MINTKEEPER_') && !isServiceLink(name, text ?? ''))
    .filter(([name]) => !known.includes(name))
    .map(([name]) => problemOf(name, `is no variable of Mintkeeper${suggest(name, known)}`))
}

function problemOf(path: string, message: string): Problem {
  return { path, message, line: null, column: null }
}

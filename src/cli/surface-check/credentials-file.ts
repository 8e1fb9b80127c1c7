import { readFileSync, statSync } from 'node:fs'
import type { z } from 'zod'
import { mappingOf, orNull } from '../../config/option.ts'
import { ConfigError, type Finding, formatPath } from '../../config/problem.ts'
import { reasonOf } from '../../config/secret-files.ts'
import { suggest } from '../../config/suggestion.ts'
import { clientId, lineOfText, secretText } from '../../config/text-values.ts'
import { readYaml } from '../../config/yaml-source.ts'
import type { CheckedSurface, Values } from '../../surface-check/case.ts'
import { CommandFailed } from '../failure.ts'

/** What both servers are asked with. */
export interface Credentials {
  readonly values: Values
  /** Those of the values that must never be shown. */
  readonly secrets: readonly string[]
  /** What is unwise about the file; null: nothing. */
  readonly warning: string | null
}

/** The words of the wire, as the documents have them. */
const SHAPE = {
  username: orNull(lineOfText),
  password: orNull(secretText),
  client_id: orNull(clientId),
  client_secret: orNull(secretText),
  scope: orNull(lineOfText),
}

const FILE = mappingOf(SHAPE)

/** What belongs together. */
const PAIRS = [
  ['username', 'password'],
  ['client_id', 'client_secret'],
] as const

/** The scope that the examples of Spree's document ask for. */
const DOCUMENT_SCOPE = 'admin'

/**
 * Reads the YAML file with the credentials. Throws `ConfigError` with all problems of the file, which never quote it, and
 * `CommandFailed` if it can not be read.
 */
export function readCredentials(file: string, surface: CheckedSurface): Credentials {
  const source = readYaml(readText(file))
  const problems = [...source.problems]
  const found = source.content === null ? [] : findingsOf(source.content.value ?? {}, surface)
  for (const { path, message } of found) {
    const { line, column } = source.locate(path) ?? { line: null, column: null }
    problems.push({ path: formatPath(path), message, line, column })
  }
  const parsed = FILE.safeParse(source.content?.value ?? {})
  if (problems.length > 0 || !parsed.success) throw new ConfigError(problems, file, 'The credentials file')
  const { username, password, client_id, client_secret, scope } = parsed.data
  const values = {
    username,
    password: password?.reveal() ?? null,
    client_id,
    client_secret: client_secret?.reveal() ?? null,
    scope: scope ?? DOCUMENT_SCOPE,
  }
  return {
    values: new Map(
      Object.entries(values).flatMap(([name, value]) => (value === null ? [] : [[name, value]])),
    ),
    secrets: [values.password, values.client_secret].flatMap((secret) => secret ?? []),
    warning: modeWarning(file),
  }
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (thrown) {
    throw new CommandFailed(`The credentials file ${file} can not be read (${reasonOf(thrown)}).`)
  }
}

function findingsOf(value: unknown, surface: CheckedSurface): readonly Finding[] {
  const issues = FILE.safeParse(value).error?.issues ?? []
  const ofValues = issues.flatMap(ofIssue)
  if (ofValues.length > 0) return ofValues
  const has = (name: string) => Object.hasOwn(value as object, name)
  const ofPairs = PAIRS.flatMap((pair) => {
    const missing = pair.filter((name) => !has(name))
    return missing.length === 1 ? [{ path: [], message: `lacks ${missing[0]}` }] : []
  })
  if (ofPairs.length > 0) return ofPairs
  if (surface === 'newstore' && !has('username'))
    return [{ path: [], message: 'lacks username and password' }]
  if (!has('username') && !has('client_id')) {
    return [{ path: [], message: 'lacks username and password, or client_id and client_secret, or both' }]
  }
  return []
}

function ofIssue(issue: z.core.$ZodIssue): readonly Finding[] {
  if (issue.code !== 'unrecognized_keys') {
    return [{ path: issue.path.filter((segment) => typeof segment !== 'symbol'), message: issue.message }]
  }
  const known = Object.keys(SHAPE)
  return issue.keys.map((key) => ({ path: [key], message: `is not a known key${suggest(key, known)}` }))
}

/** Windows has no such modes. */
function modeWarning(file: string): string | null {
  const mode = statSync(file).mode & 0o777
  if ((mode & 0o077) === 0 || process.platform === 'win32') return null
  return `${file} can be read by others (mode ${mode.toString(8)}): chmod 600 ${file}`
}

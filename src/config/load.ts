import { readFileSync } from 'node:fs'
import { checkConfig } from './check.ts'
import type { ProcessFinding } from './consistency.ts'
import { ConfigError, type Finding, formatPath, type Problem } from './problem.ts'
import { processOption } from './process-options.ts'
import {
  CONFIG_VARIABLE,
  type Environment,
  type Flags,
  type ProcessValues,
  readProcessValues,
} from './process-values.ts'
import type { Config } from './schema.ts'
import { directoryOf, type ReadFile, reasonOf } from './secret-files.ts'
import { readYaml, type YamlSource } from './yaml-source.ts'

export interface LoadOptions {
  /** Path of the configuration file; without it `MINTKEEPER_CONFIG`, without that there are no tenants. */
  readonly file?: string | undefined
  /** Content of the file, if it was read already. */
  readonly text?: string | undefined
  readonly env: Environment
  readonly flags?: Flags | undefined
  readonly readFile?: ReadFile | undefined
}

export interface Loaded {
  readonly config: Config
  /** What is allowed but unwise. */
  readonly warnings: readonly Problem[]
  /** The file that was read; null: none. */
  readonly file: string | null
}

/**
 * Reads flags, environment and file, in this order of precedence, and fills in the defaults.
 * Throws `ConfigError` with all problems of all three.
 */
export function loadConfig(options: LoadOptions): Loaded {
  const readFile = options.readFile ?? readText
  const variable = options.env[CONFIG_VARIABLE]
  const file = options.file ?? (options.text === undefined && variable !== '' ? variable : null) ?? null
  const source = sourceOf(options.text, file, readFile)
  const given = readProcessValues(options.env, options.flags ?? {}, readFile)
  const checked = checkConfig(source.content?.value, given, directoryOf(file), readFile)
  const located = (findings: readonly Finding[]) => findings.map((finding) => locate(finding, source))
  const problems = [
    ...source.problems,
    ...located(source.content === null ? [] : checked.findings),
    ...checked.processFindings.map((finding) => locateOption(finding, given, source)),
    ...given.problems,
  ].toSorted(byPlace)
  if (checked.config === null || problems.length > 0) throw new ConfigError(problems, file)
  return { config: checked.config, warnings: located(checked.warnings).toSorted(byPlace), file }
}

/**
 * Checks a configuration that was made in code: the content of the file as an object. Environment variables do
 * not count. Throws `ConfigError` with all problems.
 */
export function parseConfig(value: unknown, readFile: ReadFile = readText): Omit<Loaded, 'file'> {
  const checked = checkConfig(value, NOTHING_GIVEN, directoryOf(null), readFile)
  const problems = [
    ...checked.findings.map((finding) => locate(finding, NO_FILE)),
    ...checked.processFindings.map((finding) => locateOption(finding, NOTHING_GIVEN, NO_FILE)),
  ]
  if (checked.config === null || problems.length > 0) throw new ConfigError(problems)
  return { config: checked.config, warnings: checked.warnings.map((finding) => locate(finding, NO_FILE)) }
}

const NOTHING_GIVEN: ProcessValues = { values: {}, origins: new Map(), problems: [] }
/** The tenants of a server without configuration file are in its database. */
const NO_FILE: YamlSource = { content: { value: { tenants: [] } }, problems: [], locate: () => null }

function sourceOf(text: string | undefined, file: string | null, readFile: ReadFile): YamlSource {
  if (text !== undefined) return readYaml(text)
  if (file === null) return NO_FILE
  try {
    return readYaml(readFile(file))
  } catch (thrown) {
    const message = `the configuration file ${file} can not be read (${reasonOf(thrown)})`
    return { content: null, problems: [{ path: '', message, line: null, column: null }], locate: () => null }
  }
}

function readText(path: string): string {
  return readFileSync(path, 'utf8')
}

function locate(finding: Finding, source: YamlSource): Problem {
  const position = source.locate(finding.path)
  const { line, column } = position ?? { line: null, column: null }
  return { path: formatPath(finding.path), message: finding.message, line, column }
}

function locateOption({ name, message }: ProcessFinding, given: ProcessValues, source: YamlSource): Problem {
  const origin = given.origins.get(name)
  if (origin !== undefined) return { path: origin, message, line: null, column: null }
  const { section } = processOption(name)
  return locate({ path: section === null ? [name] : [section, name], message }, source)
}

/** In the order of the file; what has no place in it comes last. */
function byPlace(a: Problem, b: Problem): number {
  if (a.line === null || b.line === null) return Number(a.line === null) - Number(b.line === null)
  return a.line - b.line || (a.column ?? 0) - (b.column ?? 0)
}

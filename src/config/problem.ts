/** Where a value is in the configuration: keys and list indexes, outermost first. */
export type ConfigPath = readonly (string | number)[]

/** One thing that is wrong with the configuration, or (as a warning) unwise. Never holds a secret value. */
export interface Problem {
  /** `tenants[0].clients[1].scopes[0]`, `MINTKEEPER_PORT`, `--port`; empty: the file as a whole. */
  readonly path: string
  readonly message: string
  /** Where it is in the file, from 1; null if it is not in a file. */
  readonly line: number | null
  readonly column: number | null
}

/** A problem whose place in the file is not looked up yet. */
export interface Finding {
  readonly path: ConfigPath
  readonly message: string
}

/** The configuration can not be used. Lists all problems, not only the first. */
export class ConfigError extends Error {
  readonly problems: readonly Problem[]
  /** What a process that can not start for this reason exits with (`EX_CONFIG` of sysexits.h). */
  readonly exitCode = 78

  /** `what` has the problems, for people. */
  constructor(problems: readonly Problem[], file: string | null = null, what = 'The configuration') {
    super(formatProblems(problems, file, what))
    this.name = 'ConfigError'
    this.problems = problems
  }
}

/** `tenants[0].claims["http://x"]`: as the path would be written in JavaScript. */
export function formatPath(path: ConfigPath): string {
  let text = ''
  for (const segment of path) {
    if (typeof segment === 'number') text += `[${segment}]`
    else if (!/^[A-Za-z_$][\w$-]*$/.test(segment)) text += `[${JSON.stringify(segment)}]`
    else text += text === '' ? segment : `.${segment}`
  }
  return text
}

/** `mintkeeper.yaml:4:7 tenants[0].id: is missing`; without file or place, these are left out. */
export function formatProblem(problem: Problem, file: string | null = null): string {
  const place =
    problem.line === null
      ? ''
      : `${file ?? 'line '}${file === null ? '' : ':'}${problem.line}:${problem.column} `
  return `${place}${problem.path === '' ? '' : `${problem.path}: `}${problem.message}`
}

function formatProblems(problems: readonly Problem[], file: string | null, what: string): string {
  const count = problems.length === 1 ? 'a problem' : `${problems.length} problems`
  return [`${what} has ${count}:`, ...problems.map((problem) => `  ${formatProblem(problem, file)}`)].join(
    '\n',
  )
}

import type { Terminal } from './terminal.ts'

/** What a command has to say: once for programs, once for people. */
export interface Answer {
  /** For `--json`. */
  readonly data: unknown
  /** For people; ends with a line end. */
  readonly text: string
  /** What people should know besides, such as what to do next; on standard error, and never with `--json`. */
  readonly note?: string
  /** Default 0. */
  readonly exitCode?: number
}

/** An action of the parser that prints what `run` answers. The parser gives the arguments, then the options. */
export function printsAnswer<Parameters extends unknown[]>(
  terminal: Terminal,
  run: (...parameters: Parameters) => Promise<Answer>,
): (...parameters: Parameters) => Promise<void> {
  return async (...parameters) => {
    const { data, text, note, exitCode } = await run(...parameters)
    if (wantsJson(parameters)) terminal.out(`${JSON.stringify(data, null, 2)}\n`)
    else {
      terminal.out(text)
      if (note !== undefined) terminal.note(note)
    }
    if (exitCode !== undefined) process.exitCode = exitCode
  }
}

function wantsJson(parameters: readonly unknown[]): boolean {
  return parameters.some((each) => {
    return (
      typeof each === 'object' &&
      each !== null &&
      Object.hasOwn(each, 'json') &&
      'json' in each &&
      each.json === true
    )
  })
}

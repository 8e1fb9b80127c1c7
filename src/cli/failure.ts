import { CommanderError } from 'commander'
import { AdminError } from '../admin/operations/admin-error.ts'
import { ConfigError } from '../config/problem.ts'

/** What the process exits with. */
export const EXIT = {
  ok: 0,
  failure: 1,
  /** The command line is wrong. */
  usage: 2,
  /** `EX_UNAVAILABLE` of sysexits.h: another server that was to be asked can not be, or not with what was given. */
  unavailable: 69,
  /** `EX_CONFIG` of sysexits.h: the configuration is wrong. */
  configuration: 78,
} as const

/** A command can not do what it was asked. The message is for people, and says what to do next. */
export class CommandFailed extends Error {
  readonly exitCode: number

  constructor(message: string, exitCode: number = EXIT.failure, options?: ErrorOptions) {
    super(message, options)
    this.name = 'CommandFailed'
    this.exitCode = exitCode
  }
}

/** The command line asks for something that makes no sense. */
export function usageFailure(message: string): CommandFailed {
  return new CommandFailed(`${message}\nAdd --help for how the command is used.`, EXIT.usage)
}

/** What became of a command that threw: its exit code, and what is to be said about it (null: it was said). */
export interface Outcome {
  readonly exitCode: number
  readonly message: string | null
}

/** Errors whose messages are written for operators, by name: they come from layers that know no command line. */
const FOR_OPERATORS: readonly string[] = [
  'DatabaseRefused',
  'StoreUnavailable',
  'StoreConflict',
  'SigningKeyRefused',
  'StartRefused',
  'ImportFailed',
]

export function outcomeOf(thrown: unknown): Outcome {
  if (thrown instanceof CommanderError) {
    return { exitCode: thrown.exitCode === 0 ? EXIT.ok : EXIT.usage, message: null }
  }
  if (thrown instanceof CommandFailed) return { exitCode: thrown.exitCode, message: thrown.message }
  if (thrown instanceof ConfigError) return { exitCode: EXIT.configuration, message: thrown.message }
  if (thrown instanceof AdminError) {
    return { exitCode: thrown.code === 'invalid' ? EXIT.usage : EXIT.failure, message: thrown.message }
  }
  if (!(thrown instanceof Error)) return { exitCode: EXIT.failure, message: String(thrown) }
  const isExpected = FOR_OPERATORS.includes(thrown.name)
  return { exitCode: EXIT.failure, message: isExpected ? thrown.message : (thrown.stack ?? thrown.message) }
}

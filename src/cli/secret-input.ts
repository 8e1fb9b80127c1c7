import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { readSecretFile } from '../config/secret-files.ts'
import { CommandFailed, usageFailure } from './failure.ts'
import type { Terminal } from './terminal.ts'

/** Where a secret may come from. Never the command line itself: `ps` shows it to everybody on the machine. */
type SecretKind = 'password' | 'secret'

/** `--password-file` and `--password-stdin`, or the same of a secret. */
export function addSecretOptions(command: Command, kind: SecretKind): Command {
  return command
    .option(`--${kind}-file <FILE>`, `File that holds the ${kind}. (default: one is made and shown once)`)
    .option(`--${kind}-stdin`, `Read the ${kind} from standard input.`)
}

/** The secret the operator chose; null: none. Throws `CommandFailed` for an empty one, or one of several lines. */
export async function chosenSecret(
  kind: SecretKind,
  options: Readonly<Record<string, unknown>>,
  terminal: Terminal,
): Promise<string | null> {
  const file = options[`${kind}File`]
  const isPiped = options[`${kind}Stdin`] === true
  if (typeof file === 'string' && isPiped) {
    throw usageFailure(`Give --${kind}-file or --${kind}-stdin, not both.`)
  }
  if (isPiped) return oneLine(await readLine(terminal), `The ${kind} on standard input`)
  if (typeof file !== 'string') return null
  const { text, problem } = readSecretFile(resolve(file), (path) => readFileSync(path, 'utf8'))
  if (problem !== null) throw new CommandFailed(`--${kind}-file ${problem}.`)
  return oneLine(text, `The ${kind} in ${file}`)
}

/** A token as an argument; `-` stands for standard input. */
export async function tokenArgument(argument: string, terminal: Terminal): Promise<string> {
  const text = argument === '-' ? (await readLine(terminal)).trim() : argument
  if (text === '') throw usageFailure('The token is empty.')
  return text
}

/** Without the line end that `echo` and editors add. */
async function readLine(terminal: Terminal): Promise<string> {
  return (await terminal.read()).replace(/\r?\n$/, '')
}

function oneLine(text: string, what: string): string {
  if (text === '') throw new CommandFailed(`${what} is empty.`)
  if (/[\r\n]/.test(text)) throw new CommandFailed(`${what} has more than one line.`)
  return text
}

import { existsSync } from 'node:fs'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { type Loaded, loadConfig } from '../config/load.ts'
import { formatProblem } from '../config/problem.ts'
import { processFlags } from '../config/process-flags.ts'
import { CONFIG_VARIABLE } from '../config/process-values.ts'
import type { Terminal } from './terminal.ts'

/** What `init` writes and every command looks for. */
export const DEFAULT_FILE = 'mintkeeper.yaml'

/** Options as the parser leaves them. Those of the process are read by `loadConfig`, by their names. */
export interface ConfigOptions {
  readonly config?: string
  readonly [flag: string]: unknown
}

/** What every command that works on the store takes. */
export interface StoreOptions extends ConfigOptions {
  readonly json?: true
  readonly tenant?: string
}

/** The flags of the process that a command needs to find the store; a server takes all. */
const STORE_FLAGS: readonly string[] = ['database', 'masterKeyFile']

/** Headings of `--help`. The reference page says these options once, not with every command. */
export const PROCESS_OPTIONS_HEADING = 'Options of the process:'
export const COMMON_OPTIONS_HEADING = 'Common options:'

export function addConfigOption(command: Command): Command {
  const fallback = `default: ${DEFAULT_FILE}, if there is one`
  return addCommon(command, '--config <FILE>', `Configuration file. (${CONFIG_VARIABLE}; ${fallback})`)
}

export function addJsonOption(command: Command): Command {
  return addCommon(command, '--json', 'Print JSON in place of text for people.')
}

/** All flags of the process. */
export function addProcessOptions(command: Command): Command {
  for (const { flag, description } of processFlags()) {
    command.addOption(new Option(flag, description).helpGroup(PROCESS_OPTIONS_HEADING))
  }
  return command
}

/** `--config`, what else leads to the store, and `--json`. */
export function addStoreOptions(command: Command): Command {
  addConfigOption(command)
  for (const { flag, name, description } of processFlags()) {
    if (STORE_FLAGS.includes(name)) addCommon(command, flag, description)
  }
  return addJsonOption(command)
}

/** As `addStoreOptions`, for a command that works on one tenant. */
export function addTenantOptions(command: Command): Command {
  return addStoreOptions(addCommon(command, '--tenant <TENANT>', 'Which tenant. (default: the only one)'))
}

function addCommon(command: Command, flags: string, description: string): Command {
  return command.addOption(new Option(flags, description).helpGroup(COMMON_OPTIONS_HEADING))
}

/** The configuration that options, environment and file give. Throws `ConfigError` with all problems. */
export function loadWith(options: ConfigOptions, terminal: Terminal): Loaded {
  const named = options.config !== undefined || (terminal.env[CONFIG_VARIABLE] ?? '') !== ''
  const file = named || !existsSync(DEFAULT_FILE) ? options.config : DEFAULT_FILE
  return loadConfig({ file, env: terminal.env, flags: options })
}

/** Says what is allowed but unwise. */
export function noteWarnings({ warnings, file }: Loaded, terminal: Terminal): void {
  for (const warning of warnings) terminal.note(`warning: ${formatProblem(warning, file)}\n`)
}

/** Reads an option that may be repeated, and whose value may be several words: `--scope 'read write' --scope admin`. */
export function words(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, ...text.split(/\s+/).filter((word) => word !== '')]
}

export function wholeSeconds(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('Give a whole number of seconds.')
  return Number(text)
}

export function wholeNumber(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError('Give a whole number, 1 or more.')
  return Number(text)
}

import type { Command } from 'commander'
import { addJsonOption, addStoreOptions, addTenantOptions, type StoreOptions } from './options.ts'
import type { Terminal } from './terminal.ts'
import { type Opened, type OpenedTenant, withMintkeeper, withTenant } from './with-mintkeeper.ts'

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

/** Gives a command `--json`, and has it print what `run` answers. */
export function answers<Options extends object>(
  command: Command,
  terminal: Terminal,
  run: (options: Options, ...args: readonly string[]) => Promise<Answer>,
): void {
  if (!command.options.some(({ long }) => long === '--json')) addJsonOption(command)
  command.action(async () => {
    const { data, text, note, exitCode } = await run(command.opts<Options>(), ...command.processedArgs)
    if (command.opts().json === true) terminal.out(`${JSON.stringify(data, null, 2)}\n`)
    else {
      terminal.out(text)
      if (note !== undefined) terminal.note(note)
    }
    if (exitCode !== undefined) process.exitCode = exitCode
  })
}

/** As `answers`, for a command that works on the store, which is open while `run` runs. */
export function answersFromStore<Options extends StoreOptions>(
  command: Command,
  terminal: Terminal,
  run: (opened: Opened, options: Options, ...args: readonly string[]) => Promise<Answer>,
): void {
  answers<Options>(addStoreOptions(command), terminal, async (options, ...args) => {
    return await withMintkeeper(options, terminal, async (opened) => await run(opened, options, ...args))
  })
}

/** As `answersFromStore`, for a command that works on one tenant. */
export function answersFromTenant<Options extends StoreOptions>(
  command: Command,
  terminal: Terminal,
  run: (opened: OpenedTenant, options: Options, ...args: readonly string[]) => Promise<Answer>,
): void {
  answers<Options>(addTenantOptions(command), terminal, async (options, ...args) => {
    return await withTenant(options, terminal, async (opened) => await run(opened, options, ...args))
  })
}

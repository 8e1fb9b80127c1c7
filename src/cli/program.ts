/**
 * `cli/` owns the command line: its commands, what they print and what they exit with. A command reads its options,
 * has somebody else do the work, and prints the answer; no rule about tokens, users or clients is decided here.
 */
import { Command } from 'commander'
import { addApply } from './commands/apply.ts'
import { addBackup } from './commands/backup.ts'
import { addClientCommands } from './commands/client.ts'
import { addDemo } from './commands/demo.ts'
import { addDoctor } from './commands/doctor.ts'
import { addInit } from './commands/init.ts'
import { addKeyCommands } from './commands/key.ts'
import { addMigrate } from './commands/migrate.ts'
import { addPurge } from './commands/purge.ts'
import { addServe } from './commands/serve.ts'
import { addStorage } from './commands/storage.ts'
import { addTenantCommands } from './commands/tenant.ts'
import { addTokenCommands } from './commands/token.ts'
import { addUserCommands } from './commands/user.ts'
import { outcomeOf } from './failure.ts'
import type { Terminal } from './terminal.ts'
import { packageVersion } from './version.ts'

/** Every command, with its options. */
export function createProgram(terminal: Terminal): Command {
  const program = new Command('mintkeeper')
    .description('OAuth 2.0 token server for commerce platforms.')
    .version(packageVersion(), '--version', 'Print the version.')
    .helpOption('--help', 'Print what can be said.')
    .helpCommand(false)
    // What follows the name of a command is that command's, even where the one it is part of has the same option.
    .enablePositionalOptions()
    .showHelpAfterError('Add --help for how the command is used.')
    .exitOverride()
    .configureOutput({
      writeOut: terminal.out,
      writeErr: terminal.note,
      // The parser would repeat the words that are too many; one may be a password, and this may be a log.
      outputError: (text, write) => write(text.replace(/(Expected .* but got \d+): .*/, '$1.')),
    })
  addServe(program, terminal)
  addDemo(program, terminal)
  addInit(program, terminal)
  addApply(program, terminal)
  addUserCommands(program, terminal)
  addClientCommands(program, terminal)
  addTokenCommands(program, terminal)
  addKeyCommands(program, terminal)
  addTenantCommands(program, terminal)
  addMigrate(program, terminal)
  addBackup(program, terminal)
  addStorage(program, terminal)
  addPurge(program, terminal)
  addDoctor(program, terminal)
  return program
}

/** Runs one command line (without the program's name); what the process should exit with, null: as it is set. */
export async function runCommandLine(args: readonly string[], terminal: Terminal): Promise<number | null> {
  try {
    await createProgram(terminal).parseAsync([...args], { from: 'user' })
    return null
  } catch (thrown) {
    const { exitCode, message } = outcomeOf(thrown)
    if (message !== null) terminal.note(`mintkeeper: ${message}\n`)
    return exitCode
  }
}

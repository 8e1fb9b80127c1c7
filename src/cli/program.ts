/**
 * `cli/` owns the command line: its commands, what they print and what they exit with. A command reads its options,
 * has somebody else do the work, and prints the answer; no rule about tokens, users or clients is decided here.
 */
import { Command } from 'commander'
import { outcomeOf } from './failure.ts'
import { printableLines } from './table.ts'
import type { Terminal } from './terminal.ts'
import { packageVersion } from './version.ts'

type AddCommand = (program: Command, terminal: Terminal) => void

/** The commands by name, in the order of the help. A command line that names one does not load the others. */
const COMMANDS: ReadonlyMap<string, () => Promise<AddCommand>> = new Map([
  ['serve', async () => (await import('./commands/serve.ts')).addServe],
  ['demo', async () => (await import('./commands/demo.ts')).addDemo],
  ['init', async () => (await import('./commands/init.ts')).addInit],
  ['apply', async () => (await import('./commands/apply.ts')).addApply],
  ['user', async () => (await import('./commands/user.ts')).addUserCommands],
  ['client', async () => (await import('./commands/client.ts')).addClientCommands],
  ['token', async () => (await import('./commands/token.ts')).addTokenCommands],
  ['key', async () => (await import('./commands/key.ts')).addKeyCommands],
  ['source', async () => (await import('./commands/source.ts')).addSourceCommands],
  ['import', async () => (await import('./commands/import.ts')).addImportCommands],
  ['tenant', async () => (await import('./commands/tenant.ts')).addTenantCommands],
  ['brownout', async () => (await import('./commands/brownout.ts')).addBrownOutCommands],
  ['usage', async () => (await import('./commands/usage.ts')).addUsage],
  ['surface', async () => (await import('./commands/surface.ts')).addSurfaceCommands],
  ['integration', async () => (await import('./commands/integration.ts')).addIntegrationCommands],
  ['why', async () => (await import('./commands/why.ts')).addWhy],
  ['audit', async () => (await import('./commands/audit.ts')).addAuditCommands],
  ['migrate', async () => (await import('./commands/migrate.ts')).addMigrate],
  ['backup', async () => (await import('./commands/backup.ts')).addBackup],
  ['storage', async () => (await import('./commands/storage.ts')).addStorage],
  ['purge', async () => (await import('./commands/purge.ts')).addPurge],
  ['doctor', async () => (await import('./commands/doctor.ts')).addDoctor],
])

/** Every command, with its options; or only the one of this name. */
export async function createProgram(terminal: Terminal, only?: string): Promise<Command> {
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
      outputError: (text, write) =>
        write(printableLines(text.replace(/(Expected .* but got \d+): .*/, '$1.'))),
    })
  const chosen = COMMANDS.get(only ?? '')
  for (const load of chosen === undefined ? COMMANDS.values() : [chosen]) (await load())(program, terminal)
  return program
}

/** Runs one command line (without the program's name); what the process should exit with, null: as it is set. */
export async function runCommandLine(args: readonly string[], terminal: Terminal): Promise<number | null> {
  try {
    // What comes before a command can only be an option of the program's own, or a mistake.
    const program = await createProgram(terminal, args[0])
    await program.parseAsync([...args], { from: 'user' })
    return null
  } catch (thrown) {
    const { exitCode, message } = outcomeOf(thrown)
    if (message !== null) terminal.note(printableLines(`mintkeeper: ${message}\n`))
    return exitCode
  }
}

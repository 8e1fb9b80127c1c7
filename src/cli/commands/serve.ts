import type { Command } from 'commander'
import { formatProblem } from '../../config/problem.ts'
import { createLog } from '../../log/log.ts'
import { EXIT } from '../failure.ts'
import { addConfigOption, addProcessOptions, type ConfigOptions, loadWith } from '../options.ts'
import { runServer } from '../serve/run-server.ts'
import type { Terminal } from '../terminal.ts'

export function addServe(program: Command, terminal: Terminal): void {
  const command = program
    .command('serve')
    .description('Run the server. It first makes the database what the configuration file lists.')
  addProcessOptions(addConfigOption(command)).action(
    async () => await serve(command.opts<ConfigOptions>(), terminal),
  )
}

async function serve(options: ConfigOptions, terminal: Terminal): Promise<void> {
  const { config, warnings, file } = loadWith(options, terminal)
  const log = createLog(config.logLevel)
  for (const warning of warnings) log.warn('configuration', { problem: formatProblem(warning, file) })
  await runServer({
    config,
    log,
    onRunning({ url, adminUrl }) {
      if (!terminal.isWatched) return
      const control = adminUrl === null ? '' : `  control plane  ${adminUrl}\n`
      terminal.note(`\nMintkeeper runs. Stop it with Ctrl-C.\n  token plane    ${url}\n${control}\n`)
    },
    adminTokenNotice: {
      show: (token) => terminal.note(adminTokenNote(token)),
      takeBack: () => terminal.note(TAKEN_BACK),
    },
  })
  // Whatever still keeps the process alive has nothing left to do.
  process.exit(EXIT.ok)
}

/** Not a line of the log: logs are kept, and read by many. */
function adminTokenNote(token: string): string {
  return `The admin token is ${token}
It opens the admin API and the console. It is shown this once; only its hash is kept.
To use one of your own, set MINTKEEPER_ADMIN_TOKEN_FILE or adminToken.
`
}

const TAKEN_BACK = `That admin token opens nothing: a server that started at the same time was quicker.
The one that server has shown is the admin token of all servers on this database.
`

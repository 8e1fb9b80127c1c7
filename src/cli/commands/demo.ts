import { type AddressInfo, createServer } from 'node:net'
import type { Command } from 'commander'
import { demoConfig } from '../../config/demo.ts'
import { loadConfig } from '../../config/load.ts'
import type { Config } from '../../config/schema.ts'
import { createRandom } from '../../crypto/random.ts'
import { createLog } from '../../log/log.ts'
import { Secret } from '../../protocol/secret.ts'
import { DatabaseRefused } from '../../store/errors.ts'
import { demoRequests } from '../demo-requests.ts'
import { CommandFailed, EXIT } from '../failure.ts'
import { addProcessOptions, type ConfigOptions } from '../options.ts'
import { type Running, runServer } from '../serve/run-server.ts'
import type { Terminal } from '../terminal.ts'

const DATABASE = 'sqlite:data/demo.db'

export function addDemo(program: Command, terminal: Terminal): void {
  const command = program
    .command('demo')
    .description(
      `Run a server with the example users and clients of the two API documents, on ${DATABASE}, and print requests to try.`,
    )
  addProcessOptions(command).action(async () => await demo(command.opts<ConfigOptions>(), terminal))
}

async function demo(options: ConfigOptions, terminal: Terminal): Promise<void> {
  const config = await demoConfiguration(options, terminal)
  const adminToken = config.adminToken ?? new Secret(createRandom().text(43))
  try {
    await runServer({
      config: { ...config, adminToken },
      // Standard output is the demo's own.
      log: createLog(config.logLevel, { write: terminal.note }),
      onRunning: (running) => terminal.out(banner(running, adminToken)),
      // The banner shows it.
      adminTokenNotice: { show: () => {}, takeBack: () => {} },
    })
    process.exit(EXIT.ok)
  } catch (thrown) {
    // A database that somebody named may be dear to them.
    if (!(thrown instanceof DatabaseRefused) || config.database.reveal() !== DATABASE) throw thrown
    const file = DATABASE.slice('sqlite:'.length)
    throw new CommandFailed(
      `${thrown.message}\nTo begin the demo anew: rm -f ${file} ${file}-wal ${file}-shm ${file}.key ${file}.made`,
    )
  }
}

/** The demo under flags and environment. The port is in its issuer, so a free one is looked for here. */
async function demoConfiguration(options: ConfigOptions, terminal: Terminal): Promise<Config> {
  const load = (port: number) => {
    const text = JSON.stringify({ ...demoConfig(port), database: DATABASE })
    return loadConfig({ text, env: terminal.env, flags: options }).config
  }
  const { server } = load(8080)
  const port = server.port === 0 ? await freePort(server.host) : server.port
  const config = load(port)
  return { ...config, server: { ...config.server, port } }
}

function freePort(host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject)
    server.listen({ host, port: 0 }, () => {
      const { port } = server.address() as AddressInfo
      server.close(() => resolve(port))
    })
  })
}

function banner({ url, adminUrl }: Running, adminToken: Secret): string {
  const requests = demoRequests(url).map(({ title, command }) => `# ${title}\n${command}\n`)
  const control =
    adminUrl === null ? '' : `  control plane  ${adminUrl}   admin token: ${adminToken.reveal()}\n`
  return `
Mintkeeper's demo runs. Stop it with Ctrl-C.

  token plane    ${url}
${control}
Try these in another terminal:

${requests.join('\n')}
`
}

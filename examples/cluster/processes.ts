/** The processes of the cluster: how they are started, seen to be ready, and ended. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { openSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const ROOT = join(import.meta.dirname, '..', '..')
const MAIN = join(ROOT, 'src', 'cli', 'main.ts')
const CONFIG = join(import.meta.dirname, 'mintkeeper.yaml')

/** One Mintkeeper; the same ports each time it is started. */
export interface ClusterNode {
  readonly name: string
  readonly port: number
  readonly adminPort: number
  readonly url: string
  isRunning(): boolean
  /** Resolves when it is ready. */
  start(): Promise<void>
  /** Resolves when it has ended, with how it did: an exit code or a signal. */
  end(signal: 'SIGKILL' | 'SIGTERM'): Promise<number | string | null>
}

export interface NodeOptions {
  readonly name: string
  readonly databaseUrl: string
  readonly masterKey: string
  /** Where its log goes. */
  readonly directory: string
}

export async function createNode({
  name,
  databaseUrl,
  masterKey,
  directory,
}: NodeOptions): Promise<ClusterNode> {
  const [port, adminPort] = [await freePort(), await freePort()]
  let process_: Program | null = null
  return {
    name,
    port,
    adminPort,
    url: `http://127.0.0.1:${port}`,
    isRunning: () => process_?.isRunning() ?? false,
    async start() {
      process_ = startProgram({
        command: process.execPath,
        args: [MAIN, 'serve', '--config', CONFIG, '--port', `${port}`, '--admin-port', `${adminPort}`],
        // Not on the command line, where all users of the machine can read it.
        env: { MINTKEEPER_DATABASE: databaseUrl, MINTKEEPER_MASTER_KEY: masterKey },
        log: join(directory, `${name}.log`),
      })
      await answers(`http://127.0.0.1:${adminPort}/readyz`, process_)
    },
    end: async (signal) => (await process_?.end(signal)) ?? null,
  }
}

export interface Program {
  isRunning(): boolean
  end(signal: NodeJS.Signals): Promise<number | string | null>
  /** Where it writes what goes wrong. */
  readonly log: string
}

export interface ProgramOptions {
  readonly command: string
  readonly args: readonly string[]
  readonly log: string
  readonly env?: Readonly<Record<string, string>>
}

export function startProgram({ command, args, log, env = {} }: ProgramOptions): Program {
  const output = openSync(log, 'a')
  const child: ChildProcess = spawn(command, args, {
    // The caller's own MINTKEEPER_ variables stay outside.
    env: { PATH: process.env.PATH ?? '', ...env },
    stdio: ['ignore', output, output],
    // Ctrl-C is for the example, which then ends the others.
    detached: true,
  })
  const ended = once(child, 'exit')
  // Who is interrupted leaves nothing behind.
  process.once('exit', () => child.kill('SIGKILL'))
  const isRunning = () => child.exitCode === null && child.signalCode === null
  return {
    isRunning,
    log,
    async end(signal) {
      if (isRunning()) {
        child.kill(signal)
        await ended
      }
      return child.signalCode ?? child.exitCode
    },
  }
}

/** Resolves as soon as the URL is answered with 200. */
export async function answers(url: string, program: Program): Promise<void> {
  for (;;) {
    if (!program.isRunning()) throw new Error(`It did not start; see ${program.log}`)
    const status = await fetch(url).then(
      async (answer) => {
        await answer.arrayBuffer()
        return answer.status
      },
      () => null,
    )
    if (status === 200) return
    await sleep(50)
  }
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { freePort, MAIN } from '../cli/workplace.ts'
import { ADMIN_TOKEN } from './under-test.ts'

const MOVED_CLOCK = join(import.meta.dirname, 'moved-clock.ts')
const COMPILE_CACHE = join(import.meta.dirname, '../../node_modules/.cache/test-compile-cache')

export interface ServerProcess {
  readonly child: ChildProcess
  /** Resolves when both planes are announced. */
  readonly listening: Promise<{ readonly token: string; readonly control: string }>
}

/** Starts a server in a directory that has its configuration. It leads a process group of its own. */
export async function startServerProcess(
  directory: string,
  {
    clockAheadMs,
    readyMs,
    env = {},
  }: {
    readonly clockAheadMs: number
    readonly readyMs: number
    readonly env?: Readonly<Record<string, string>>
  },
): Promise<ServerProcess> {
  const args = ['--disable-warning=ExperimentalWarning', '--import', MOVED_CLOCK, MAIN]
  const child = spawn(
    process.execPath,
    [...args, 'serve', '--port', '0', '--admin-port', String(await freePort())],
    {
      cwd: directory,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...{ PATH: process.env.PATH, HOME: directory, NODE_COMPILE_CACHE: COMPILE_CACHE },
        ...{ MINTKEEPER_ADMIN_TOKEN: ADMIN_TOKEN, CRASH_TEST_CLOCK_AHEAD_MS: String(clockAheadMs) },
        ...env,
      },
    },
  )
  return { child, listening: listening(child, readyMs) }
}

/** Ends it with all that belongs to it; resolves when it is gone. */
export async function killServerProcess(killed: ChildProcess | null): Promise<void> {
  if (killed?.pid === undefined || killed.exitCode !== null) return
  const gone = new Promise((resolve) => killed.once('exit', resolve))
  process.kill(-killed.pid, 'SIGKILL')
  await gone
}

/** Resolves when both planes are announced; what they log later is thrown away. */
async function listening(child: ChildProcess, withinMs: number): Promise<{ token: string; control: string }> {
  let said = ''
  const urlOf = (plane: string) => new RegExp(`"plane":"${plane}","url":"([^"]+)"`).exec(said)?.[1]
  return await new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error(`not ready within ${withinMs} ms: ${said}`)), withinMs)
    child.once('exit', (code, signal) => reject(new Error(`the server ended (${code ?? signal}): ${said}`)))
    child.once('error', reject)
    const listen = (text: Buffer) => {
      const [token, control] = [urlOf('token'), urlOf('control')]
      if (token !== undefined && control !== undefined) return
      said += text
      const found = { token: urlOf('token'), control: urlOf('control') }
      if (found.token === undefined || found.control === undefined) return
      clearTimeout(late)
      resolve({ token: found.token, control: found.control })
    }
    child.stdout?.on('data', listen)
    child.stderr?.on('data', listen)
  })
}

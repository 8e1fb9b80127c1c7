import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** A PgBouncer in transaction mode before a server. */
export interface PgBouncer {
  /** The URL of a database, through it. */
  through(url: string): string
  stop(): Promise<void>
}

/** The version that is on PATH, such as `1.18.0`; null: there is none. */
export function pgBouncerVersion(): string | null {
  try {
    const text = execFileSync('pgbouncer', ['--version'], { encoding: 'utf8', env: environment() })
    return /\d+\.\d+\.\d+/.exec(text)?.[0] ?? null
  } catch {
    return null
  }
}

export async function startPgBouncer(
  server: { readonly port: number },
  { port: givenPort, ...settings }: Readonly<Record<string, number>> = {},
): Promise<PgBouncer> {
  const directory = mkdtempSync(join(tmpdir(), 'mintkeeper-pgbouncer-'))
  const port = givenPort ?? (await freePort())
  const lines = Object.entries({
    listen_addr: '127.0.0.1',
    listen_port: port,
    unix_socket_dir: '',
    auth_type: 'any',
    pool_mode: 'transaction',
    default_pool_size: 4,
    ...settings,
  }).map(([name, value]) => `${name} = ${value}`)
  const file = join(directory, 'pgbouncer.ini')
  const target = `* = host=127.0.0.1 port=${server.port} user=postgres`
  writeFileSync(file, `[databases]\n${target}\n[pgbouncer]\n${lines.join('\n')}\n`)
  // It refuses to run as root, as PostgreSQL does.
  const owner = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {}
  if (owner.uid !== undefined) {
    chownSync(directory, owner.uid, owner.gid)
    chownSync(file, owner.uid, owner.gid)
  }
  const child = spawn('pgbouncer', [file], { ...owner, env: environment(), stdio: 'ignore' })
  process.once('exit', () => child.kill('SIGKILL'))
  await answering(child, port)
  return {
    through: (url) => url.replace(`:${server.port}/`, `:${port}/`),
    async stop() {
      const ended = new Promise((resolve) => child.once('exit', resolve))
      child.kill('SIGKILL')
      await ended
      rmSync(directory, { recursive: true })
    },
  }
}

/** Debian keeps it where only administrators look. */
function environment(): NodeJS.ProcessEnv {
  return { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` }
}

async function answering(child: ChildProcess, port: number): Promise<void> {
  while (child.exitCode === null) {
    const isOpen = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1')
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
      socket.once('connect', () => socket.destroy())
    })
    if (isOpen) return
    await sleep(20)
  }
  throw new Error(`PgBouncer ended with ${child.exitCode}`)
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}

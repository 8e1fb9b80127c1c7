import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { DatabaseSync, type SQLOutputValue } from 'node:sqlite'

const ROOT = join(import.meta.dirname, '../..')
export const MAIN = join(ROOT, 'src/cli/main.ts')
export const LAUNCHER = join(ROOT, 'bin/mintkeeper')

/** The Node of the checkout, which is the one that runs the tests too. */
export const NODE = process.execPath

/** What the tests' own environment must not bring in: our variables, and the checkout's Node where the system's is meant. */
const ENVIRONMENT = {
  HOME: tmpdir(),
  PATH: (process.env.PATH ?? '')
    .split(delimiter)
    .filter((directory) => !directory.includes('node_modules'))
    .join(delimiter),
  // Compiling the dependencies takes most of the time of a command.
  NODE_COMPILE_CACHE: join(ROOT, 'node_modules/.cache/test-compile-cache'),
}

export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

export interface RunOptions {
  readonly input?: string
  readonly env?: Readonly<Record<string, string>>
  /** Who the process runs as; only the superuser may say. */
  readonly uid?: number
}

/** A process that was started, and what it has said so far. */
export interface Started {
  readonly child: ChildProcess
  readonly ended: Promise<Ended>
  stdout(): string
  stderr(): string
  /** Resolves with the match as soon as what was said on either stream has it. Rejects if the process ends before. */
  said(pattern: RegExp): Promise<RegExpExecArray>
}

/** A server that answers. */
export interface RunningServer extends Started {
  readonly url: string
  /** Empty if the control plane is off. */
  readonly adminUrl: string
}

/** A directory of its own to run commands in. */
export interface Workplace {
  readonly directory: string
  path(name: string): string
  write(name: string, text: string, mode?: number): string
  read(name: string): string
  /** Runs a command under the checkout's Node until it ends. */
  run(args: readonly string[], options?: RunOptions): Promise<Ended>
  /** As `run`; the command must succeed, and answers JSON. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look at answers freely
  json(args: readonly string[], options?: RunOptions): Promise<any>
  start(command: string, args: readonly string[], options?: RunOptions): Started
  /** Starts `serve` (or `demo`) on free ports and waits until it answers. */
  serve(
    args?: readonly string[],
    options?: RunOptions & { readonly command?: string },
  ): Promise<RunningServer>
  /** Runs one statement in the SQLite database, past all commands; the rows it returns. */
  sql(statement: string): readonly Readonly<Record<string, SQLOutputValue>>[]
  /** Every byte of the database and its log, as Latin-1 text. */
  databaseText(): string
  remove(): void
}

export function createWorkplace(): Workplace {
  const directory = mkdtempSync(join(tmpdir(), 'mintkeeper-'))
  const started = new Set<Started>()
  const path = (name: string) => join(directory, name)

  function start(command: string, args: readonly string[], options: RunOptions = {}): Started {
    const { env, uid } = options
    const child = spawn(command, args, {
      cwd: directory,
      env: { ...ENVIRONMENT, ...env },
      ...(uid !== undefined && { uid }),
    })
    const process = watch(child)
    started.add(process)
    child.stdin.on('error', () => {})
    child.stdin.end(options.input ?? '')
    return process
  }

  async function run(args: readonly string[], options: RunOptions = {}): Promise<Ended> {
    return await start(NODE, [MAIN, ...args], options).ended
  }

  return {
    directory,
    path,
    write(name, text, mode = 0o600) {
      writeFileSync(path(name), text, { mode })
      return path(name)
    },
    read: (name) => readFileSync(path(name), 'utf8'),
    run,
    async json(args, options) {
      const { code, stdout, stderr } = await run([...args, '--json'], options)
      if (code !== 0) throw new Error(`mintkeeper ${args.join(' ')} exited with ${code}: ${stderr}`)
      return JSON.parse(stdout)
    },
    start,
    async serve(args = [], options = {}) {
      const server = start(NODE, [MAIN, options.command ?? 'serve', '--port', '0', ...args], options)
      const token = await server.said(/"plane":"token","url":"([^"]+)"/)
      server.ended.then((end) => {
        // A server that a test has not sent a signal should not have ended; say why to whoever reads the report.
        if (!server.child.killed) console.error('a server ended by itself', end)
      }, console.error)
      const isAlone = args.includes('--admin-port') && args[args.indexOf('--admin-port') + 1] === '0'
      const control = isAlone ? null : await server.said(/"plane":"control","url":"([^"]+)"/)
      return { ...server, url: token[1] ?? '', adminUrl: control?.[1] ?? '' }
    },
    sql(statement) {
      const database = new DatabaseSync(path('data/mintkeeper.db'))
      try {
        return database.prepare(statement).all()
      } finally {
        database.close()
      }
    },
    databaseText() {
      const files = readdirSync(path('data')).filter((name) => !name.endsWith('.key'))
      return files.map((name) => readFileSync(path(join('data', name)), 'latin1')).join('\n')
    },
    remove() {
      for (const { child } of started) if (child.exitCode === null) child.kill('SIGKILL')
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

function watch(child: ReturnType<typeof spawn>): Started {
  const said = { stdout: '', stderr: '' }
  const listeners = new Set<() => void>()
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream]?.setEncoding('utf8').on('data', (text: string) => {
      said[stream] += text
      for (const listener of listeners) listener()
    })
  }
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => resolve({ code, signal, ...said }))
  })
  return {
    child,
    ended,
    stdout: () => said.stdout,
    stderr: () => said.stderr,
    said(pattern) {
      return new Promise((resolve, reject) => {
        const look = () => {
          const match = pattern.exec(said.stdout) ?? pattern.exec(said.stderr)
          if (match === null) return
          listeners.delete(look)
          resolve(match)
        }
        listeners.add(look)
        look()
        const gone = (): void => {
          look()
          reject(new Error(`ended before it said ${pattern}: ${said.stdout}${said.stderr}`))
        }
        ended.then(gone, reject)
      })
    },
  }
}

/** A port that is free now. */
export async function freePort(): Promise<number> {
  const { createServer } = await import('node:net')
  return await new Promise((resolve) => {
    const server = createServer()
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })
}

/** A configuration with every surface on, and short secrets nobody uses elsewhere. */
export const CONFIGURATION = `
database: sqlite:data/mintkeeper.db
defaultTenant: dodici
tenants:
  - id: dodici
    hosts: [dodici.x.newstore.net]
    issuer: https://dodici.x.newstore.net/
    users:
      - { username: joe@example.com, password: canary-password-of-joe, roles: [admin] }
    clients:
      - id: sync
        secret: canary-secret-of-the-sync-client-0123456789
        grants: [client_credentials, password, refresh_token]
        scopes: [admin, read]
      - { id: page, public: true, grants: [password, refresh_token], scopes: [read] }
`

/** As a form, to a server. */
export async function post(url: string, form: Readonly<Record<string, string>>): Promise<Response> {
  return await fetch(url, { method: 'POST', body: new URLSearchParams(form) })
}

/** As `post`; the JSON that is answered. */
// biome-ignore lint/suspicious/noExplicitAny: tests look at answers freely
export async function postJson(url: string, form: Readonly<Record<string, string>>): Promise<any> {
  return await (await post(url, form)).json()
}

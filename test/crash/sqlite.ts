import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { freePort, MAIN } from '../cli/workplace.ts'
import { ADMIN_TOKEN, configurationFor, INVARIANTS, type UnderTest } from './under-test.ts'

const MOVED_CLOCK = join(import.meta.dirname, 'moved-clock.ts')
const COMPILE_CACHE = join(import.meta.dirname, '../../node_modules/.cache/test-compile-cache')

/** T001: how long a start may take that finds a database. The first one hashes the passwords of all users. */
const READY_MS = 5000
const FIRST_READY_MS = 60_000

export interface SqliteUnderTest extends UnderTest {
  readonly file: string
  /** Of the server that runs. */
  pid(): number
  /** Resolves when it has ended, by itself or by a signal. */
  ended(): Promise<void>
}

/** One server on an SQLite file. */
export function sqliteUnderTest(workers: number, parent: string = tmpdir()): SqliteUnderTest {
  const directory = mkdtempSync(join(parent, 'mintkeeper-crash-'))
  const file = join(directory, 'data/mintkeeper.db')
  writeFileSync(join(directory, 'mintkeeper.yaml'), configurationFor(workers, `sqlite:${file}`), {
    mode: 0o600,
  })
  let server: ChildProcess | null = null
  let readyMs = FIRST_READY_MS

  async function kill(): Promise<void> {
    const killed = server
    server = null
    if (killed?.pid === undefined || killed.exitCode !== null) return
    const gone = new Promise((resolve) => killed.once('exit', resolve))
    process.kill(-killed.pid, 'SIGKILL')
    await gone
  }

  return {
    name: 'SQLite',
    async start(clockAheadMs) {
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
          },
        },
      )
      server = child
      const urls = await listening(child, readyMs)
      readyMs = READY_MS
      return { token: [urls.token], admin: [urls.control] }
    },
    kill,
    file,
    pid: () => server?.pid ?? 0,
    async ended() {
      const running = server
      server = null
      if (running !== null && running.exitCode === null && running.signalCode === null)
        await once(running, 'exit')
    },
    async findProblems() {
      const database = new DatabaseSync(file)
      try {
        const check = database
          .prepare('pragma integrity_check')
          .all()
          .map((row) => String(row.integrity_check))
        const broken = Object.entries(INVARIANTS).flatMap(([name, query]) => {
          const found = database.prepare(query).all()
          return found.length === 0 ? [] : [`${name}: ${JSON.stringify(found)}`]
        })
        return [...check.filter((line) => line !== 'ok'), ...broken]
      } finally {
        database.close()
      }
    },
    async remove() {
      await kill()
      rmSync(directory, { recursive: true, force: true })
    },
  }
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

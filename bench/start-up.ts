import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { ask } from './ask.ts'
import { benchConfig, TENANTS } from './config.ts'
import { type Spread, spreadOf } from './figures.ts'
import { installPackage, ROOT } from './package.ts'
import type { Run } from './rounds.ts'
import { BATCH, CREDENTIALS } from './scenarios.ts'

/** How long a server takes to its first answer with an existing database, and what it needs then. */
export interface StartUp {
  readonly program: string
  /** From the start of the process to the first token. */
  readonly milliseconds: Spread
  /** Once it has nothing to do. */
  readonly idleMegabytes: Spread
}

/** Nothing is left then of what a start leaves to do. */
const REST_MS = 500

/** Starts `mintkeeper serve` so many times, of the package and of the checkout in turn, and once before that. */
export async function measureStartUps(
  times: number,
  { directory, postgres, tell }: Pick<Run, 'directory' | 'postgres' | 'tell'>,
): Promise<readonly StartUp[]> {
  const installed = installPackage(directory)
  const programs: Program[] = [
    await program(directory, 'the package, SQLite', installed, null),
    await program(directory, 'the checkout, SQLite', join(ROOT, 'bin', 'mintkeeper'), null),
  ]
  if (postgres !== null) {
    const url = await postgres.createDatabase()
    programs.push(await program(directory, 'the package, PostgreSQL', installed, url))
  }
  const starts = programs.map(({ name }) => ({ name, found: [] as Start[] }))
  for (let time = 0; time <= times; time++) {
    for (const [index, each] of programs.entries()) {
      const start = await startOnce(each)
      // The first one has made the database.
      if (time > 0) starts[index]?.found.push(start)
    }
  }
  return starts.map(({ name, found }) => {
    const milliseconds = spreadOf(found.map((start) => start.milliseconds))
    tell(`start-up: ${name}: ${milliseconds.median.toFixed(0)} ms`)
    return { program: name, milliseconds, idleMegabytes: spreadOf(found.map((start) => start.megabytes)) }
  })
}

interface Program {
  readonly name: string
  readonly arguments: readonly string[]
  readonly directory: string
}

interface Start {
  readonly milliseconds: number
  readonly megabytes: number
}

async function program(directory: string, name: string, file: string, url: string | null): Promise<Program> {
  const own = join(directory, name.replaceAll(/\W+/g, '-'))
  mkdirSync(own)
  const adminPort = await freePort()
  const config = { ...benchConfig(url ?? 'sqlite:mintkeeper.db'), server: { port: 0, adminPort } }
  const configFile = join(own, 'mintkeeper.yaml')
  // JSON is YAML.
  writeFileSync(configFile, JSON.stringify(config))
  return { name, arguments: [file, 'serve', '--config', configFile], directory: own }
}

async function startOnce({ arguments: args, directory }: Program): Promise<Start> {
  const from = performance.now()
  const child = spawn(process.execPath, args, { cwd: directory, stdio: ['ignore', 'pipe', 'ignore'] })
  const exited = once(child, 'exit')
  try {
    const port = await Promise.race([
      portOf(child),
      exited.then(() => Promise.reject(new Error('it has ended'))),
    ])
    const headers = { Host: TENANTS.rs256, 'Content-Type': 'application/x-www-form-urlencoded' }
    const body = `${CREDENTIALS}&${BATCH}`
    const answer = await ask(port, { method: 'POST', path: '/oauth/token', headers, body })
    const milliseconds = performance.now() - from
    if (answer.status !== 200)
      throw new Error(`the first request was answered ${answer.status}: ${answer.body}`)
    await sleep(REST_MS)
    return { milliseconds, megabytes: residentMegabytes(child.pid) }
  } finally {
    child.kill()
    await exited
  }
}

/** Of the token plane, which the log tells. */
async function portOf(child: ChildProcess): Promise<number> {
  if (child.stdout === null) throw new Error('it has no output')
  for await (const line of createInterface(child.stdout)) {
    const entry = JSON.parse(line)
    if (entry.msg === 'listening' && entry.plane === 'token') return entry.port
  }
  throw new Error('it does not listen')
}

function residentMegabytes(pid: number | undefined): number {
  if (process.platform !== 'linux') return Number.NaN
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  return address === null || typeof address === 'string' ? 0 : address.port
}

/**
 * `npm run bench:purge [-- --live 1000000 --expired 5000000 --rate 200 --seconds 10 --rounds 5 --directory DIR]`: how
 * long token requests take while expired rows are deleted, next to how long they take without. The database is filled
 * by SQL; then requests are sent at a fixed rate, which no slow answer holds back, in rounds with and without purge in
 * turn. Fails if the 99th percentile during a purge is more than twice the quiet one, or a live row is gone.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { createMintkeeper } from '../src/index.ts'
import { keysWithin } from '../src/stores/key-sequence.ts'
import { benchConfig } from './config.ts'
import { median } from './figures.ts'
import { SCENARIOS } from './scenarios.ts'

const { values } = parseArgs({
  options: {
    live: { type: 'string', default: '1000000' },
    expired: { type: 'string', default: '5000000' },
    rate: { type: 'string', default: '200' },
    seconds: { type: 'string', default: '10' },
    rounds: { type: 'string', default: '5' },
    directory: { type: 'string', default: tmpdir() },
  },
})
const live = Number(values.live)
const expired = Number(values.expired)

const WRITE = SCENARIOS.find(({ name }) => name === 'standard client_credentials, opaque')

const directory = mkdtempSync(join(values.directory, 'mintkeeper-bench-'))
const file = join(directory, 'bench.db')
try {
  const { close } = await createMintkeeper(benchConfig(`sqlite:${file}`))
  await close()
  fill(file)
  console.log(`${live} live and ${expired} expired rows, ${megabytes(statSync(file).size)} MB`)
  await measure()
} finally {
  rmSync(directory, { recursive: true })
}

/** Rows of the last 60 days, live and expired ones among each other, as logins that last and those that do not are. */
function fill(path: string): void {
  const database = new DatabaseSync(path)
  database.exec('pragma synchronous = off; pragma cache_size = -1000000; pragma temp_store = memory')
  const indexes = database
    .prepare(
      "select name, sql from sqlite_schema where tbl_name = 'tokens' and type = 'index' and sql is not null",
    )
    .all()
  for (const { name } of indexes) database.exec(`drop index ${name}`)
  const count = live + expired
  const now = Math.floor(Date.now() / 1000)
  const from = now - 60 * 86_400
  const step = Math.floor(keysWithin((58 * 86_400_000) / count))
  const firstKey = keysWithin((from - 1_577_836_800) * 1000)
  const isLive = `(n * ${live} / ${count} <> (n + 1) * ${live} / ${count})`
  database.exec(`insert into tokens (key, tenant, surface, client_id, user_id, grant_type, scope, issued_at,
      access_hash, access_expires_at, refresh_hash, refresh_expires_at)
    with recursive numbers (n) as (select 0 union all select n + 1 from numbers where n + 1 < ${count})
    select ${firstKey} + n * ${step}, 'rs256', 'standard', 'batch', 'user-' || (n % 50000), 'password', 'read',
      ${from} + n * ${58 * 86_400} / ${count}, randomblob(32), ${from} + n * ${58 * 86_400} / ${count} + 3600,
      randomblob(32), case when ${isLive} then ${now + 86_400 * 30} else ${from} + n * ${58 * 86_400} / ${count} + 7200 end
    from numbers`)
  for (const { sql } of indexes) database.exec(String(sql))
  database.exec('pragma wal_checkpoint(truncate)')
  database.close()
}

async function measure(): Promise<void> {
  const child = fork(new URL('server.ts', import.meta.url), ['mintkeeper', directory])
  const { port } = await message<{ port: number }>(child)
  const quiet: Figures[] = []
  const purging: Figures[] = []
  let purged = 0
  let largestLog = 0
  await load(port, 3)
  for (let round = 0; round < Number(values.rounds); round++) {
    quiet.push(await load(port, Number(values.seconds)))
    child.send('purge')
    purging.push(await load(port, Number(values.seconds)))
    largestLog = Math.max(largestLog, statSync(`${file}-wal`).size)
    child.send('rest')
    purged += (await message<{ purged: number }>(child)).purged
    console.log(`round ${round + 1}: quiet ${text(quiet.at(-1))}, purge ${text(purging.at(-1))}`)
    // What the purge has written is moved into the database now.
    await sleep(1000)
  }
  const seconds = Number(values.seconds) * Number(values.rounds)
  const ratio = median(purging.map(({ p99 }) => p99)) / median(quiet.map(({ p99 }) => p99))
  console.log(
    `purged ${purged} rows, ${Math.round(purged / seconds)} a second; log at most ${megabytes(largestLog)} MB`,
  )
  console.log(`p99 during a purge: ${ratio.toFixed(2)} times the quiet one`)
  child.disconnect()
  await new Promise((resolve) => child.once('exit', resolve))
  const left = liveRows()
  if (left < live) throw new Error(`${live - left} live rows are gone`)
  if (ratio > 2) process.exitCode = 1
}

function liveRows(): number {
  const database = new DatabaseSync(file)
  const now = Math.floor(Date.now() / 1000)
  const row = database
    .prepare(`select count(*) as count from tokens where dead_at > ${now + 86_400 * 29}`)
    .get()
  database.close()
  return Number(row?.count)
}

/** Milliseconds. */
interface Figures {
  readonly p50: number
  readonly p99: number
  readonly max: number
}

function text(figures: Figures | undefined): string {
  return `p50 ${figures?.p50.toFixed(1)} p99 ${figures?.p99.toFixed(1)} max ${figures?.max.toFixed(1)} ms`
}

/** Sends a request every so often, each at its time, whatever became of those before; times run from that time on. */
async function load(port: number, seconds: number): Promise<Figures> {
  const agent = new Agent({ keepAlive: true })
  const rate = Number(values.rate)
  const beginMs = performance.now()
  const times = await Promise.all(
    Array.from({ length: rate * seconds }, async (_, index) => {
      const dueMs = beginMs + (index * 1000) / rate
      await sleep(Math.max(0, dueMs - performance.now()))
      // A timer may be a moment early, too.
      const fromMs = Math.min(dueMs, performance.now())
      await send(port, agent, index)
      return performance.now() - fromMs
    }),
  )
  agent.destroy()
  const sorted = times.toSorted((one, other) => one - other)
  const at = (part: number) => sorted[Math.floor(part * (sorted.length - 1))] ?? 0
  return { p50: at(0.5), p99: at(0.99), max: at(1) }
}

function send(port: number, agent: Agent, index: number): Promise<void> {
  if (WRITE === undefined) throw new Error('the scenario is gone')
  const { host, path, body } = WRITE
  return new Promise((resolve, reject) => {
    const headers = { host, 'content-type': 'application/x-www-form-urlencoded' }
    request({ port, agent, method: 'POST', path, headers })
      .on('response', (response) => {
        if (response.statusCode !== 200)
          reject(new Error(`request ${index} was answered ${response.statusCode}`))
        response.resume().on('end', resolve)
      })
      .on('error', reject)
      .end(body)
  })
}

function message<T>(child: ChildProcess): Promise<T> {
  return new Promise((resolve) => child.once('message', (value) => resolve(value as T)))
}

function megabytes(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(0)
}

/**
 * `npm run bench:growth [-- --sizes 10000,1000000,10000000 --database sqlite|postgres|ceiling --rounds 3 --seconds 3
 * --connections 32 --tool wrk|autocannon --directory DIR --write]`: what issuing, refreshing and introspecting costs
 * as tokens become many. A database of each size is filled by SQL; then servers on them are asked in turn, for tokens
 * from all over. Prints Markdown; --write keeps the figures in growth.json, growth.md and docs/reference/growth.svg.
 * Ten million tokens take 3 GB of disk and some minutes.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { CEILING_FILE } from './ceiling.ts'
import { holdTo, planCores } from './cores.ts'
import { type DatabaseServer, startDatabaseServer } from './database-server.ts'
import { environment } from './environment.ts'
import { type Filled, fillCeiling, fillPostgres, fillSqlite } from './growth/fill.ts'
import { plotGrowth } from './growth/plot.ts'
import { type DatabaseName, type Growth, NAMES, renderGrowth, sizeOf } from './growth/report.ts'
import { type Cost, takeTurn } from './growth/turn.ts'
import { findLoadTool } from './load/load.ts'
import { startServer } from './servers.ts'

const { values } = parseArgs({
  options: {
    sizes: { type: 'string', default: '10000,1000000,10000000' },
    database: { type: 'string', default: 'sqlite' },
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '3' },
    connections: { type: 'string', default: '32' },
    tool: { type: 'string' },
    directory: { type: 'string', default: tmpdir() },
    write: { type: 'boolean', default: false },
  },
})
if (!Object.hasOwn(NAMES, values.database))
  throw new Error(`--database is one of ${Object.keys(NAMES).join(', ')}`)
const kind = values.database as DatabaseName
const [rounds, seconds, connections] = [values.rounds, values.seconds, values.connections].map(Number) as [
  number,
  number,
  number,
]
const sizes = values.sizes.split(',').map(Number)
const tool = findLoadTool(values.tool)
const WARM_UP_SECONDS = 2

/** What a round writes would make more of so few tokens: they are filled anew for each. */
const FEW = 100_000

const directory = mkdtempSync(join(values.directory, 'mintkeeper-growth-'))
process.once('exit', () => rmSync(directory, { recursive: true, force: true }))
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))

/** A database that was filled. */
interface Database extends Filled {
  readonly place: string
  readonly bytes: number
}

const postgres = kind === 'postgres' ? await startDatabaseServer() : null
try {
  publish(await measureAll(postgres))
} finally {
  await postgres?.remove()
}

async function measureAll(server: DatabaseServer | null): Promise<Growth> {
  const measuredOn = environment(tool.name, server?.version ?? null)
  const databases = new Map<number, Database>()
  const costs = new Map<number, Cost[]>(sizes.map((live) => [live, []]))
  for (let round = 0; round < rounds; round++) {
    for (const live of sizes) {
      const known = databases.get(live)
      const database = known === undefined || live < FEW ? await fill(live, server) : known
      databases.set(live, database)
      // Of those that are filled anew, each has all its tokens to give.
      const turns = live < FEW ? { turn: 0, turns: 1 } : { turn: round, turns: rounds }
      for (const cost of await measure(database, server, turns)) {
        costs.get(live)?.push(cost)
        const { operation, cpuMicroseconds, databaseCpuMicroseconds, perSecond, rssMegabytes } = cost
        console.error(
          `round ${round + 1}: ${live} tokens: ${operation}: ${cpuMicroseconds.toFixed(1)} µs` +
            `${databaseCpuMicroseconds === null ? '' : ` + ${databaseCpuMicroseconds.toFixed(1)}`}, ` +
            `${Math.round(perSecond)}/s, ${rssMegabytes.toFixed(0)} MB`,
        )
      }
    }
  }
  return {
    ...{ database: kind, environment: measuredOn, rounds, seconds, connections },
    sizes: [...databases.values()].map((each) => sizeOf(each, each.bytes, costs.get(each.live) ?? [])),
  }
}

async function fill(live: number, server: DatabaseServer | null): Promise<Database> {
  holdTo(planCores(2)?.server, [process.pid])
  const beganMs = performance.now()
  const database = server === null ? await fillFile(live) : await fillDatabase(live, server)
  const took = (performance.now() - beganMs) / 1000
  console.error(
    `${live} tokens: ${database.rows} rows, ${(database.bytes / 2 ** 20).toFixed(0)} MB, in ${took.toFixed(0)} s`,
  )
  return database
}

async function fillFile(live: number): Promise<Database> {
  const place = mkdtempSync(join(directory, `${live}-`))
  const file = join(place, kind === 'ceiling' ? CEILING_FILE : 'bench.db')
  const filled = kind === 'ceiling' ? fillCeiling(place, live) : await fillSqlite(file, live)
  return { ...filled, place, bytes: statSync(file).size }
}

async function fillDatabase(live: number, server: DatabaseServer): Promise<Database> {
  server.holdTo(planCores(2)?.database)
  const place = await server.createDatabase()
  const filled = await fillPostgres(place, live)
  await server.query(place, 'vacuum analyze')
  const [row] = await server.query(place, 'select pg_database_size(current_database()) as bytes')
  return { ...filled, place, bytes: Number(row?.bytes) }
}

async function measure(
  database: Database,
  postgres: DatabaseServer | null,
  turns: { readonly turn: number; readonly turns: number },
): Promise<readonly Cost[]> {
  const cores = planCores(1)
  postgres?.holdTo(cores?.database)
  holdTo(cores?.load, [process.pid])
  const { place } = database
  const server = await startServer({
    kind: kind === 'ceiling' ? 'ceiling' : 'mintkeeper',
    place,
    settings: {},
    processes: 1,
    cores: cores?.server,
  })
  try {
    return await takeTurn(server, database, {
      ...{ tool, connections, seconds, warmUpSeconds: WARM_UP_SECONDS, ...turns },
      databaseCpuMicroseconds: () => postgres?.cpuMicroseconds() ?? null,
    })
  } finally {
    await server.stop()
  }
}

function publish(growth: Growth): void {
  console.log(renderGrowth([growth]))
  if (!values.write) return
  const here = (name: string) => new URL(name, import.meta.url)
  const file = here('growth.json')
  const before: readonly Growth[] = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : []
  const all = [...before.filter(({ database }) => database !== kind), growth].toSorted((one, other) =>
    other.database.localeCompare(one.database),
  )
  writeFileSync(file, `${JSON.stringify(all, null, 2)}\n`)
  writeFileSync(here('growth.md'), renderGrowth(all))
  const shown = all.filter(({ database }) => database !== 'ceiling')
  writeFileSync(here('../docs/reference/growth.svg'), plotGrowth(shown))
}

/**
 * `npm run bench [-- --rounds 3 --seconds 2 --connections 32 --only TEXT --database sqlite|postgres --tool wrk|autocannon
 * --json FILE --write --quick]`: what Mintkeeper does, next to the limit and to its peers, in one run. Each round has a
 * turn for the limits and one for every server, in which the bare `node:http` server is measured as well. The medians
 * are printed as Markdown; --json keeps all in a file, --write in results.json and results.md. --only, which may be
 * repeated, names parts of `SERVER: REQUEST`, `limits` or `start-up`; --quick is one short round without warm-up.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { planCores } from './cores.ts'
import { type DatabaseServer, startDatabaseServer } from './database-server.ts'
import { environment } from './environment.ts'
import { findLoadTool } from './load/load.ts'
import { readOptions } from './options.ts'
import { type Report, reportOf } from './report.ts'
import { renderResults } from './results.ts'
import { runRounds } from './rounds.ts'
import { SETUPS } from './setups.ts'
import { measureStartUps } from './start-up.ts'

/** Of each program. */
const STARTS = 5

const { rounds, seconds, connections, database, quick, isAsked, ...options } = readOptions(
  process.argv.slice(2),
)
const tool = findLoadTool(options.tool)
const setups = SETUPS.flatMap((setup) => {
  if (database !== null && setup.database !== null && setup.database !== database) return []
  const scenarios = setup.scenarios.filter(({ name }) => isAsked(`${setup.name}: ${name}`))
  return scenarios.length === 0 ? [] : [{ ...setup, scenarios }]
})
const hasLimits = isAsked('limits')
const hasStartUps = isAsked('start-up')

const directory = mkdtempSync(join(tmpdir(), 'mintkeeper-bench-'))
process.once('exit', () => rmSync(directory, { recursive: true, force: true }))
// What was started ends with this process, which so has to end in order.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))

const needsPostgres = hasLimits || hasStartUps || setups.some((setup) => setup.database === 'postgres')
const postgres = needsPostgres && database !== 'sqlite' ? await startDatabaseServer() : null
try {
  publish(await measureAll(postgres))
} finally {
  await postgres?.remove()
}

async function measureAll(database: DatabaseServer | null): Promise<Report> {
  const measuredOn = environment(tool.name, database?.version ?? null)
  const common = { directory, postgres: database, tell: (line: string) => console.error(line) }
  const startUps = hasStartUps ? await measureStartUps(quick ? 1 : STARTS, common) : []
  const measuring = { tool, connections, seconds, warmUpSeconds: quick ? 0 : 1 }
  const samples = await runRounds({ ...common, setups, rounds, hasLimits, measuring })
  return reportOf(
    { ...samples, startUps },
    {
      environment: measuredOn,
      how: { rounds, seconds, connections, heldToCores: planCores(1) !== null },
      changes: JSON.parse(readFileSync(new URL('changes.json', import.meta.url), 'utf8')),
    },
  )
}

function publish(report: Report): void {
  const page = renderResults(report)
  const json = `${JSON.stringify(report, null, 2)}\n`
  console.log(page)
  if (options.json !== undefined) writeFileSync(options.json, json)
  if (report.failures.length > 0) {
    process.exitCode = 1
    return
  }
  if (options.write) {
    writeFileSync(new URL('results.json', import.meta.url), json)
    writeFileSync(new URL('results.md', import.meta.url), page)
  }
}

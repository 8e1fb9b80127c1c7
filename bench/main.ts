/**
 * `npm run bench [-- --rounds 3 --seconds 2 --connections 32 --only TEXT --database sqlite|postgres --tool wrk|autocannon
 * --json FILE --write --quick]`: what Mintkeeper does, next to the limit and to its peers, in one run. Each round has a
 * turn for the limits and one for every server, which begins with the bare `node:http` server. The medians are printed
 * as Markdown; --json keeps all in a file, --write in results.json and results.md.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { planCores } from './cores.ts'
import { startDatabaseServer } from './database-server.ts'
import { environment } from './environment.ts'
import { findLoadTool } from './load/load.ts'
import { reportOf } from './report.ts'
import { renderResults } from './results.ts'
import { runRounds } from './rounds.ts'
import { SETUPS } from './setups.ts'
import { measureStartUps } from './start-up.ts'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string' },
    seconds: { type: 'string' },
    connections: { type: 'string', default: '32' },
    only: { type: 'string', default: '' },
    database: { type: 'string' },
    tool: { type: 'string' },
    json: { type: 'string' },
    write: { type: 'boolean', default: false },
    // One short round, to see that everything works.
    quick: { type: 'boolean', default: false },
  },
})
const { only, database, quick } = values
const rounds = Number(values.rounds ?? (quick ? 1 : 3))
const seconds = Number(values.seconds ?? (quick ? 1 : 2))
const connections = Number(values.connections)

/** Of each program. */
const STARTS = 5

const tool = findLoadTool(values.tool)
const isAsked = (name: string) => name.includes(only)
const setups = SETUPS.flatMap((setup) => {
  if (database !== undefined && setup.database !== null && setup.database !== database) return []
  const scenarios = setup.scenarios.filter(({ name }) => isAsked(`${setup.name}: ${name}`))
  return scenarios.length === 0 ? [] : [{ ...setup, scenarios }]
})
const hasLimits = isAsked('limits')
const hasStartUps = isAsked('start-up')
const needsPostgres = hasLimits || hasStartUps || setups.some((setup) => setup.database === 'postgres')
const postgres = needsPostgres && database !== 'sqlite' ? await startDatabaseServer() : null
try {
  const tell = (line: string) => console.error(line)
  const measuring = { tool, connections, seconds, warmUpSeconds: quick ? 0 : 1 }
  const startUps = hasStartUps ? await measureStartUps(quick ? 1 : STARTS, postgres, tell) : []
  const samples = await runRounds({ setups, rounds, hasLimits, measuring, postgres, tell })
  const report = reportOf(
    { ...samples, startUps },
    {
      environment: environment(tool.name, postgres?.version ?? null),
      how: { rounds, seconds, connections, heldToCores: planCores(1) !== null },
      changes: JSON.parse(readFileSync(new URL('changes.json', import.meta.url), 'utf8')),
    },
  )
  const page = renderResults(report)
  const json = `${JSON.stringify(report, null, 2)}\n`
  console.log(page)
  if (values.json !== undefined) writeFileSync(values.json, json)
  if (values.write) {
    writeFileSync(new URL('results.json', import.meta.url), json)
    writeFileSync(new URL('results.md', import.meta.url), page)
  }
} finally {
  await postgres?.remove()
}

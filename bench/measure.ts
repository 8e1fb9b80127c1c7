import { ask } from './ask.ts'
import type { DatabaseServer } from './database-server.ts'
import type { Figures } from './figures.ts'
import type { Load, LoadOutcome, LoadTool } from './load/load.ts'
import type { Scenario, Values } from './scenario.ts'
import type { Server } from './servers.ts'
import type { Usage } from './usage.ts'

export interface Measuring {
  readonly tool: LoadTool
  readonly connections: number
  /** Of one measurement, and of a turn of the warm-up before it. */
  readonly seconds: number
  readonly warmUpSeconds: number
  /** Whose CPU time is told apart. */
  readonly database: DatabaseServer | null
}

/**
 * V8 compiles what has run often, not what has run for long: a request that takes ten times as long stays cold ten times
 * as long.
 */
const WARM_REQUESTS = 20_000
const WARM_TURNS = 6

/** Measures one kind of request, once. Throws unless every answer is what the scenario expects. */
export async function measure(server: Server, scenario: Scenario, how: Measuring): Promise<Figures> {
  const { seconds, warmUpSeconds, database } = how
  const makeLoad = await preparedLoad(server, scenario, how)
  for (let warm = 0, turns = 0; warmUpSeconds > 0 && warm < WARM_REQUESTS && turns < WARM_TURNS; turns++) {
    warm += (await run(server, await makeLoad(warmUpSeconds), how.tool, scenario.name)).requests
  }
  const load = await makeLoad(seconds)
  const databaseBefore = database?.cpuMicroseconds() ?? null
  const before = await server.usage()
  const result = await run(server, load, how.tool, scenario.name)
  const after = await server.usage()
  const databaseAfter = database?.cpuMicroseconds() ?? null
  const each = (cpu: number) => cpu / result.requests
  return {
    perSecond: result.requests / result.seconds,
    cpuMicroseconds: each(cpuOf(after) - cpuOf(before)),
    databaseCpuMicroseconds:
      databaseBefore === null || databaseAfter === null ? null : each(databaseAfter - databaseBefore),
    p50: result.p50,
    p99: result.p99,
    p999: result.p999,
    rssMegabytes: after.rss / 2 ** 20,
  }
}

function cpuOf({ cpu }: Usage): number {
  return cpu.user + cpu.system
}

async function run(server: Server, load: Load, tool: LoadTool, name: string): Promise<LoadOutcome> {
  const result = await tool.run(server.port, load)
  if (result.refused > 0) throw new Error(`${name}: ${result.refused} of ${result.requests} were refused`)
  if (result.requests === 0) throw new Error(`${name}: nothing was answered`)
  return result
}

/** Asks once, to see that the answer is right, and then makes loads of so many seconds, with values of their own. */
async function preparedLoad(
  server: Server,
  scenario: Scenario,
  { tool, connections }: Measuring,
): Promise<(seconds: number) => Promise<Load>> {
  const { name, host, values, expects } = scenario
  const headers = { ...scenario.headers, Host: host }
  const [first] = values === null ? [''] : await firstValues(server, scenario, values, 1)
  const filled = (value: string): Load => ({
    ...scenario,
    headers: Object.fromEntries(
      Object.entries(headers).map(([key, text]) => [key, text.replace('{}', value)]),
    ),
    body: scenario.body.replace('{}', value),
    ...{ values: null, carry: null, collect: null, connections, seconds: 0 },
  })
  const question = filled(first ?? '')
  const answer = await ask(server.port, question)
  if (answer.status !== 200 || !answer.body.includes(expects)) {
    throw new Error(`${name} was answered ${answer.status}: ${answer.body}`)
  }
  if (values === null || values.use === 'one') return async (seconds) => ({ ...question, seconds })
  const carried = values.use === 'carried'
  return async (seconds) => ({
    ...question,
    headers,
    body: scenario.body,
    values: carried
      ? await firstValues(server, scenario, values, connections + 1)
      : await supply(server, scenario, values, { tool, connections, seconds: 2 * seconds }),
    carry: carried ? values.member : null,
    seconds,
  })
}

async function firstValues(
  server: Server,
  { name, host, headers }: Scenario,
  { path, body, member }: Values,
  count: number,
): Promise<readonly string[]> {
  const question = { method: 'POST', path, headers: { ...headers, ...FORM, Host: host }, body }
  const answers = await Promise.all(Array.from({ length: count }, () => ask(server.port, question)))
  return answers.map((answer) => {
    const value: unknown = answer.status === 200 ? JSON.parse(answer.body)[member] : undefined
    if (typeof value === 'string') return value
    throw new Error(`${name}: what comes before it was answered ${answer.status}: ${answer.body}`)
  })
}

const FORM = { 'Content-Type': 'application/x-www-form-urlencoded' }

/** As many values as a server gives in so many seconds. */
async function supply(
  server: Server,
  { name, host }: Scenario,
  { path, body, member }: Values,
  { tool, ...how }: { readonly tool: LoadTool; readonly connections: number; readonly seconds: number },
): Promise<readonly string[]> {
  const load: Load = {
    ...{ method: 'POST', path, body, headers: { ...FORM, Host: host } },
    ...{ values: null, carry: null, collect: member },
    ...how,
  }
  return (await run(server, load, tool, name)).collected
}

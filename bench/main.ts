/**
 * `npm run bench [-- --seconds 3 --rounds 3 --connections 32 --only TEXT --write]`: requests per second, CPU time a
 * request and latency of each grant and surface, next to a bare node:http server, in one run. Server and load are two
 * processes. Scenarios take turns over several rounds; the medians are printed, and with --write kept in results.md.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { load } from './load.ts'
import { type Figures, median, renderResults } from './results.ts'
import { SCENARIOS, type Scenario } from './scenarios.ts'

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '3' },
    rounds: { type: 'string', default: '3' },
    connections: { type: 'string', default: '32' },
    only: { type: 'string', default: '' },
    write: { type: 'boolean', default: false },
  },
})
const seconds = Number(values.seconds)
const connections = Number(values.connections)
const scenarios = SCENARIOS.filter(
  (scenario) => scenario.server === 'bare' || scenario.name.includes(values.only),
)

const measured = new Map<string, Figures[]>()
for (let round = 0; round < Number(values.rounds); round++) {
  for (const server of ['bare', 'mintkeeper'] as const) {
    const running = await start(server)
    for (const scenario of scenarios.filter((candidate) => candidate.server === server)) {
      const figures = await measure(running, scenario)
      measured.set(scenario.name, [...(measured.get(scenario.name) ?? []), figures])
      console.error(`round ${round + 1}: ${scenario.name}: ${Math.round(figures.perSecond)}/s`)
    }
    running.stop()
  }
}

const report = renderResults(
  [...measured].map(([name, rounds]) => ({ name, figures: medians(rounds) })),
  { seconds, rounds: Number(values.rounds), connections },
)
console.log(report)
if (values.write) writeFileSync(new URL('results.md', import.meta.url), report)

interface Running {
  readonly port: number
  usage(): Promise<{ cpu: NodeJS.CpuUsage; rss: number }>
  stop(): void
}

async function start(kind: 'bare' | 'mintkeeper'): Promise<Running> {
  const directory = mkdtempSync(join(tmpdir(), 'mintkeeper-bench-'))
  const child = fork(new URL('server.ts', import.meta.url), [kind, directory])
  const { port } = await message<{ port: number }>(child)
  return {
    port,
    usage() {
      child.send('usage')
      return message(child)
    },
    stop() {
      child.disconnect()
      child.once('exit', () => rmSync(directory, { recursive: true }))
    },
  }
}

function message<T>(child: ChildProcess): Promise<T> {
  return new Promise((resolve) => child.once('message', (value) => resolve(value as T)))
}

async function measure(server: Running, scenario: Scenario): Promise<Figures> {
  await load(server.port, scenario, connections, Math.min(1, seconds / 3))
  const before = await server.usage()
  const result = await load(server.port, scenario, connections, seconds)
  const after = await server.usage()
  if (result.refused > 0)
    throw new Error(`${scenario.name}: ${result.refused} of ${result.requests} were not answered 200`)
  const cpu = after.cpu.user + after.cpu.system - before.cpu.user - before.cpu.system
  return {
    perSecond: result.requests / result.seconds,
    cpuMicroseconds: cpu / result.requests,
    p50: result.p50,
    p99: result.p99,
    rssMegabytes: after.rss / 2 ** 20,
  }
}

function medians(rounds: readonly Figures[]): Figures {
  const of = (pick: (figures: Figures) => number) => median(rounds.map(pick))
  return {
    perSecond: of((figures) => figures.perSecond),
    cpuMicroseconds: of((figures) => figures.cpuMicroseconds),
    p50: of((figures) => figures.p50),
    p99: of((figures) => figures.p99),
    rssMegabytes: of((figures) => figures.rssMegabytes),
  }
}

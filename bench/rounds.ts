import { spawn } from 'node:child_process'
import { on, once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { heldTo, holdTo, planCores } from './cores.ts'
import type { DatabaseServer } from './database-server.ts'
import { type Figures, type LimitSample, type Rate, rateOf, type Sample } from './figures.ts'
import { type Measuring, measure } from './measure.ts'
import type { Scenario } from './scenario.ts'
import { BARE } from './scenarios.ts'
import { type Server, startServer } from './servers.ts'
import type { Setup } from './setups.ts'

export interface Run {
  /** Where what is needed for a while may be put. */
  readonly directory: string
  readonly setups: readonly Setup[]
  readonly rounds: number
  readonly hasLimits: boolean
  readonly measuring: Omit<Measuring, 'database'>
  /** Null: nobody needs it. */
  readonly postgres: DatabaseServer | null
  /** Is told how it goes. */
  readonly tell: (line: string) => void
}

export interface Samples {
  readonly samples: readonly Sample[]
  readonly limits: readonly LimitSample[]
  /** What was not answered as it should be. */
  readonly failures: readonly string[]
}

/** Measures everything once a round. */
export async function runRounds(run: Run): Promise<Samples> {
  const samples: Sample[] = []
  const limits: LimitSample[] = []
  const failures: string[] = []
  for (let round = 1; round <= run.rounds; round++) {
    run.tell(`round ${round}`)
    if (run.hasLimits) limits.push(...(await limitTurn(run, round)))
    for (const setup of run.setups) {
      for await (const result of turn(run, setup)) {
        if (typeof result === 'string') failures.push(result)
        else samples.push({ round, ...result })
      }
    }
  }
  return { samples, limits, failures }
}

/** After so many kinds of requests the bare server is asked again, so that no ratio is to what was long ago. */
const COMPARED_AT_ONCE = 5

const BARE_SERVER = { kind: 'bare', place: '', settings: {}, processes: 1 } as const

/** One turn of a server with a new database, and of the bare one in between; failures, in a sentence, among the rest. */
async function* turn(run: Run, setup: Setup): AsyncGenerator<Omit<Sample, 'round'> | string> {
  const { name, kind, database, settings, processes, scenarios } = setup
  const cores = planCores(processes)
  const directory = mkdtempSync(join(run.directory, 'database-'))
  const postgres = database === 'postgres' ? run.postgres : null
  postgres?.holdTo(cores?.database)
  const place = (await postgres?.createDatabase()) ?? directory
  const server = await startServer({ kind, place, settings, processes, cores: cores?.server })
  const alone = planCores(1)
  const bareServer = await startServer({ ...BARE_SERVER, cores: alone?.server })
  try {
    await warmUp(run, bareServer, BARE)
    if (scenarios[0] !== undefined) await warmUp(run, server, scenarios[0])
    for (let at = 0; at < scenarios.length; at += COMPARED_AT_ONCE) {
      holdTo(alone?.load, [process.pid])
      const bare = rateOf(await measured(run, 'bare node:http', bareServer, BARE, null))
      holdTo(cores?.load, [process.pid])
      for (const scenario of scenarios.slice(at, at + COMPARED_AT_ONCE)) {
        try {
          const figures = await measured(run, name, server, scenario, postgres)
          yield { setup: name, request: scenario.name, figures, bare }
        } catch (error) {
          // The minutes that all the others took would be lost.
          run.tell(`${name}: ${error}`)
          yield `${name}: ${error}`
        }
      }
    }
  } finally {
    await Promise.all([server.stop(), bareServer.stop()])
    rmSync(directory, { recursive: true })
  }
}

/** Until V8 has compiled what all requests share: CPU time a request falls to its half for so long. */
const FIRST_SECONDS = 5

async function warmUp({ measuring }: Run, server: Server, scenario: Scenario): Promise<void> {
  if (measuring.warmUpSeconds === 0) return
  await measure(server, scenario, { ...measuring, seconds: FIRST_SECONDS, warmUpSeconds: 0, database: null })
}

async function measured(
  { measuring, tell }: Run,
  setup: string,
  server: Server,
  scenario: Scenario,
  database: DatabaseServer | null,
): Promise<Figures> {
  const figures = await measure(server, scenario, { ...measuring, database })
  const { perSecond, cpuMicroseconds } = figures
  tell(`${setup}: ${scenario.name}: ${Math.round(perSecond)}/s, ${cpuMicroseconds.toFixed(1)} µs`)
  return figures
}

async function limitTurn(run: Run, round: number): Promise<readonly LimitSample[]> {
  const { measuring, postgres, tell } = run
  const cores = planCores(1)
  postgres?.holdTo(cores?.database)
  const directory = mkdtempSync(join(run.directory, 'limits-'))
  const script = fileURLToPath(new URL('limits/limits.ts', import.meta.url))
  const milliseconds = `${(measuring.seconds * 1000) / 2}`
  const url = (await postgres?.createDatabase()) ?? ''
  const [command = '', ...args] = heldTo(cores?.server, [
    process.execPath,
    script,
    directory,
    milliseconds,
    url,
  ])
  const child = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  const exited = once(child, 'exit')
  try {
    const limits: LimitSample[] = []
    for await (const [message] of on(child, 'message', { close: ['disconnect'] })) {
      const rate: Rate & { limit: string } = message
      tell(`${rate.limit}: ${Math.round(rate.perSecond)}/s`)
      limits.push({ round, ...rate })
    }
    const [code] = await exited
    if (code !== 0) throw new Error('the limits could not be measured')
    return limits
  } finally {
    rmSync(directory, { recursive: true })
  }
}

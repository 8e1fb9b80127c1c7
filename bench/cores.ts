/** Which cores the server, the load and the database have, so that none of them takes another's time. */
import { execFileSync } from 'node:child_process'
import { availableParallelism } from 'node:os'

/** Lists of cores, as `taskset` reads them. */
export interface Cores {
  readonly server: string
  readonly load: string
  readonly database: string
}

/**
 * With one process: a core for the server, another for the load, and what is left for the database, which otherwise
 * shares that of the load. With several: all cores for everybody. Null: nobody can be held to cores here.
 */
export function planCores(processes: number): Cores | null {
  const all = coresOfThisProcess()
  const [server, load, ...rest] = all
  if (server === undefined || load === undefined) return null
  if (processes > 1) return { server: all.join(), load: all.join(), database: all.join() }
  return { server: `${server}`, load: `${load}`, database: rest.length === 0 ? `${load}` : rest.join() }
}

/** A command line that is held to cores. */
export function heldTo(cores: string | undefined, command: readonly string[]): readonly string[] {
  return cores === undefined ? command : ['taskset', '-c', cores, ...command]
}

/** Holds all threads of processes that run to cores. */
export function holdTo(cores: string | undefined, pids: readonly number[]): void {
  if (cores === undefined) return
  for (const pid of pids) execFileSync('taskset', ['-apc', cores, `${pid}`], { stdio: 'ignore' })
}

const found: { all: readonly number[] | null } = { all: null }

/** Asked once: later this process may be held to some of them. */
function coresOfThisProcess(): readonly number[] {
  found.all ??= readCores()
  return found.all
}

function readCores(): readonly number[] {
  if (availableParallelism() < 2) return []
  try {
    const text = execFileSync('taskset', ['-pc', `${process.pid}`], { encoding: 'utf8', stdio: 'pipe' })
    return (text.split(':').at(-1) ?? '').trim().split(',').flatMap(coresOfRange)
  } catch {
    return []
  }
}

function coresOfRange(text: string): readonly number[] {
  const [from = Number.NaN, to = from] = text.split('-').map(Number)
  return Array.from({ length: to - from + 1 }, (_, index) => from + index)
}

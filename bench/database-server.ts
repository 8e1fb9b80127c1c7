import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { startPostgres } from '../scripts/postgres-server.ts'
import { holdTo } from './cores.ts'

/** A PostgreSQL server as it is installed: what it confirms is on the disk. */
export interface DatabaseServer {
  readonly version: string
  /** A new empty database; its URL. */
  createDatabase(): Promise<string>
  /** Runs a statement in the database of a URL. */
  query(url: string, sql: string): Promise<readonly Record<string, unknown>[]>
  /** CPU time of all its processes since the start, in microseconds; null: nobody knows. */
  cpuMicroseconds(): number | null
  /** Holds all its processes, and those to come, to cores. */
  holdTo(cores: string | undefined): void
  remove(): Promise<void>
}

export async function startDatabaseServer(): Promise<DatabaseServer> {
  const server = await startPostgres()
  const pid = Number(readFileSync(join(server.data, 'postmaster.pid'), 'utf8').split('\n')[0])
  const url = await server.createDatabase()
  const [row] = await server.query(url, 'show server_version')
  return {
    version: String(row?.server_version),
    createDatabase: () => server.createDatabase(),
    query: server.query,
    cpuMicroseconds: () => (process.platform === 'linux' ? cpuMicrosecondsOf(pid) : null),
    holdTo: (cores) =>
      holdTo(cores, process.platform === 'linux' ? familyOf(pid).map((each) => each.pid) : []),
    remove: server.remove,
  }
}

interface ProcessState {
  readonly pid: number
  readonly parent: number
  /** Its own and that of its children which have ended, in hundredths of a second. */
  readonly ticks: number
}

function cpuMicrosecondsOf(pid: number): number {
  return familyOf(pid).reduce((sum, { ticks }) => sum + ticks * 10_000, 0)
}

/** A process and its children. */
function familyOf(pid: number): readonly ProcessState[] {
  const all = readdirSync('/proc').flatMap((name) => (/^\d+$/.test(name) ? stateOf(Number(name)) : []))
  return all.filter((each) => each.pid === pid || each.parent === pid)
}

function stateOf(pid: number): readonly ProcessState[] {
  try {
    // What follows the name of the program, which is in brackets and may hold anything (proc_pid_stat(5)).
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ')
      .map(Number)
    const [parent = 0, times] = [fields[1], fields.slice(11, 15)]
    return [{ pid, parent, ticks: times.reduce((sum, time) => sum + time, 0) }]
  } catch {
    // It has ended meanwhile.
    return []
  }
}

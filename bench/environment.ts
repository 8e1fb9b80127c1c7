import { cpus, loadavg, release, type } from 'node:os'
import { DatabaseSync } from 'node:sqlite'

/** What was measured on. */
export interface Environment {
  readonly cpu: string
  readonly cores: number
  readonly system: string
  readonly node: string
  readonly sqlite: string
  /** Null: it was not measured. */
  readonly postgres: string | null
  /** What made the load. */
  readonly tool: string
  /** How many processes ran already, in the minute before: more than a few tenths, and what was measured is theirs too. */
  readonly loadBefore: number
}

/** To be called before anything is measured. */
export function environment(tool: string, postgres: string | null): Environment {
  const database = new DatabaseSync(':memory:')
  const row = database.prepare('select sqlite_version() as version').get()
  database.close()
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    system: `${type()} ${release()}`,
    node: process.version,
    sqlite: String(row?.version),
    postgres,
    tool,
    loadBefore: loadavg()[0] ?? 0,
  }
}

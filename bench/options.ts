import { parseArgs } from 'node:util'

export interface BenchOptions {
  readonly rounds: number
  /** Of each measurement. */
  readonly seconds: number
  readonly connections: number
  readonly database: 'sqlite' | 'postgres' | null
  readonly tool: string | undefined
  /** Where the report is kept, too. */
  readonly json: string | undefined
  readonly write: boolean
  readonly quick: boolean
  /** Whether something is to be measured, by its name. */
  isAsked(name: string): boolean
}

/** The flags of `main.ts`. Throws an Error for one that is not known or has no sense. */
export function readOptions(args: readonly string[]): BenchOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      connections: { type: 'string' },
      only: { type: 'string', multiple: true, default: [] },
      database: { type: 'string' },
      tool: { type: 'string' },
      json: { type: 'string' },
      write: { type: 'boolean', default: false },
      quick: { type: 'boolean', default: false },
    },
  })
  const { only, database = null, quick } = values
  if (database !== null && database !== 'sqlite' && database !== 'postgres') {
    throw new Error('--database is sqlite or postgres')
  }
  return {
    ...values,
    rounds: count('rounds', values.rounds, quick ? 1 : 3),
    // wrk knows whole seconds only.
    seconds: count('seconds', values.seconds, quick ? 1 : 2),
    connections: count('connections', values.connections, 32),
    database,
    tool: values.tool,
    json: values.json,
    isAsked: (name) => only.length === 0 || only.some((text) => name.includes(text)),
  }
}

function count(flag: string, text: string | undefined, fallback: number): number {
  const value = text === undefined ? fallback : Number(text)
  if (!Number.isInteger(value) || value < 1) throw new Error(`--${flag} is a whole number from 1 on`)
  return value
}

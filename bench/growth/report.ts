import type { Environment } from '../environment.ts'
import { type Spread, spreadOf } from '../figures.ts'
import type { Filled } from './fill.ts'
import { type Cost, OPERATIONS, type Operation } from './turn.ts'

/** What was filled and asked; `ceiling`: a server that only commits, on SQLite. */
export type DatabaseName = 'sqlite' | 'postgres' | 'ceiling'

/** Of one size of one database. */
export interface Size {
  readonly live: number
  readonly rows: number
  /** On the disk, with indexes, before it was asked anything. */
  readonly bytes: number
  readonly operations: Readonly<Record<Operation, OperationFigures>>
  readonly rssMegabytes: Spread
}

export interface OperationFigures {
  readonly cpuMicroseconds: Spread
  readonly databaseCpuMicroseconds: Spread | null
  readonly perSecond: Spread
  readonly p99: Spread
}

/** All that was measured in one run, of one kind of database. */
export interface Growth {
  readonly database: DatabaseName
  readonly environment: Environment
  readonly rounds: number
  readonly seconds: number
  readonly connections: number
  readonly sizes: readonly Size[]
}

export function sizeOf({ live, rows }: Filled, bytes: number, costs: readonly Cost[]): Size {
  const spread = (some: readonly Cost[], pick: (cost: Cost) => number | null) =>
    spreadOf(some.map((cost) => pick(cost) ?? Number.NaN))
  const operations = OPERATIONS.map((operation) => {
    const some = costs.filter((cost) => cost.operation === operation)
    const hasDatabase = some.every(({ databaseCpuMicroseconds }) => databaseCpuMicroseconds !== null)
    const figures: OperationFigures = {
      cpuMicroseconds: spread(some, (cost) => cost.cpuMicroseconds),
      databaseCpuMicroseconds: hasDatabase ? spread(some, (cost) => cost.databaseCpuMicroseconds) : null,
      perSecond: spread(some, (cost) => cost.perSecond),
      p99: spread(some, (cost) => cost.p99),
    }
    return [operation, figures] as const
  })
  return {
    ...{ live, rows, bytes },
    operations: Object.fromEntries(operations) as Record<Operation, OperationFigures>,
    rssMegabytes: spread(costs, ({ rssMegabytes }) => rssMegabytes),
  }
}

/** CPU time of a request, of the server and of its database. */
export function wholeCpu({ cpuMicroseconds, databaseCpuMicroseconds }: OperationFigures): number {
  return cpuMicroseconds.median + (databaseCpuMicroseconds?.median ?? 0)
}

export const NAMES: Readonly<Record<DatabaseName, string>> = {
  sqlite: 'SQLite',
  postgres: 'PostgreSQL',
  ceiling: 'A server that only commits, SQLite',
}

/** The figures as a Markdown page. */
export function renderGrowth(all: readonly Growth[]): string {
  return `# Growth

Made by \`npm run bench:growth -- --write\`; do not edit. What a request costs with few and with many live tokens in the database: half of them access tokens of a client, half refresh tokens of users, of which every other was rotated once. They were issued over 20 days; what is refreshed and introspected is drawn at random from all of them, but for \`refresh-in-order\`: there tokens come about in the order in which they were issued, as those do that are refreshed whenever an access token runs out. The ratio is to the smallest size. The server that only commits (\`bench/ceiling.ts\`) has rows of a third of the size, and neither users nor checks.

${all.map(renderDatabase).join('\n\n')}
`
}

function renderDatabase({ database, environment, rounds, seconds, connections, sizes }: Growth): string {
  const { cpu, cores, node, sqlite, postgres, tool, loadBefore } = environment
  const version = database === 'postgres' ? `PostgreSQL ${postgres}` : `SQLite ${sqlite}`
  const withDatabase = database === 'postgres' ? ', of the server and of PostgreSQL' : ''
  const lines = sizes.flatMap((size) =>
    OPERATIONS.map((operation) => {
      const figures = size.operations[operation]
      const first = sizes[0]?.operations[operation] ?? figures
      const { min, max } = figures.cpuMicroseconds
      const database = figures.databaseCpuMicroseconds
      const parts = database === null ? '' : ` + ${database.median.toFixed(1)}`
      return `| ${[
        size.live.toLocaleString('en'),
        operation,
        `${figures.cpuMicroseconds.median.toFixed(1)} (${min.toFixed(1)}–${max.toFixed(1)})${parts}`,
        (wholeCpu(figures) / wholeCpu(first)).toFixed(2),
        Math.round(figures.perSecond.median),
        figures.p99.median.toFixed(1),
        size.rssMegabytes.median.toFixed(0),
        (size.bytes / 2 ** 20).toFixed(0),
        Math.round(size.bytes / size.rows),
      ].join(' | ')} |`
    }),
  )
  return `## ${NAMES[database]}

${version}, Node ${node}, ${cores} cores (${cpu}), load by ${tool}; ${connections} connections, ${rounds} rounds of ${seconds} s, medians (least and most); load average before: ${loadBefore.toFixed(1)}.

| live tokens | request | CPU µs${withDatabase} | ratio | per second | p99 ms | RSS MB | database MB | bytes a row |
|--:|---|--:|--:|--:|--:|--:|--:|--:|
${lines.join('\n')}`
}

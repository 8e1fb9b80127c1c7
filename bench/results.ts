import { cpus } from 'node:os'

export interface Figures {
  readonly perSecond: number
  /** CPU time of the server process, all threads, for one request. */
  readonly cpuMicroseconds: number
  /** Milliseconds. */
  readonly p50: number
  readonly p99: number
  readonly rssMegabytes: number
}

export interface Row {
  readonly name: string
  readonly figures: Figures
}

/** The figures as a Markdown page. The first row is what the others are compared with. */
export function renderResults(
  rows: readonly Row[],
  how: { readonly seconds: number; readonly rounds: number; readonly connections: number },
): string {
  const base = rows[0]?.figures
  const lines = rows.map(({ name, figures }) => {
    const ratio = base === undefined ? 1 : base.cpuMicroseconds / figures.cpuMicroseconds
    return `| ${name} | ${figures.perSecond.toFixed(0)} | ${figures.cpuMicroseconds.toFixed(1)} | ${ratio.toFixed(2)} | ${figures.p50.toFixed(2)} | ${figures.p99.toFixed(2)} | ${figures.rssMegabytes.toFixed(0)} |`
  })
  return `# Bench results

Made by \`npm run bench -- --write\`; do not edit. Node ${process.version}, ${cpus().length} cores (${cpus()[0]?.model ?? 'unknown'}),
SQLite in WAL with \`synchronous=FULL\`, ${how.connections} connections, ${how.rounds} rounds of ${how.seconds} s, medians. Load and server share
the cores, so requests per second are a lower bound; CPU a request (all threads of the server) is what to compare.
The ratio is bare \`node:http\` ÷ the row in CPU a request: 0.50 means twice the CPU of a server that does nothing.

| request | per second | CPU µs | ratio | p50 ms | p99 ms | RSS MB |
|---|--:|--:|--:|--:|--:|--:|
${lines.join('\n')}
`
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other)
  return sorted[Math.floor(sorted.length / 2)] ?? 0
}

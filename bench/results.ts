import type { Spread } from './figures.ts'
import type { Change, LimitRow, Report, RequestRow } from './report.ts'
import type { StartUp } from './start-up.ts'
import { isMet, type Reached } from './targets.ts'

/** A report as a page of Markdown. */
export function renderResults(report: Report): string {
  const setups = [...Map.groupBy(report.requests, ({ setup }) => setup)]
  const sections = [
    `# Bench results\n\n${introduction(report)}`,
    ...(report.failures.length === 0
      ? []
      : [`## Failures\n\n${report.failures.map((each) => `- ${each}`).join('\n')}`]),
    `## Targets\n\n${targetTable(report.targets)}`,
    `## The limit\n\n${limitTable(report.limits)}`,
    ...setups.map(([setup, rows]) => `## ${setup}\n\n${requestTable(rows)}`),
    `## Start-up and memory\n\n${startUpTable(report.startUps)}`,
    `## What each change brought\n\n${changeTable(report.changes)}`,
  ]
  return `${sections.join('\n\n')}\n`
}

function introduction({ environment, how }: Report): string {
  const { cpu, cores, system, node, sqlite, postgres, tool, loadBefore } = environment
  const databases = [
    `SQLite ${sqlite} (WAL, \`synchronous=FULL\`)`,
    ...(postgres === null ? [] : [`PostgreSQL ${postgres}`]),
  ]
  const held = how.heldToCores
    ? 'Server and load are held to a core each; PostgreSQL has the others, or shares that of the load. Several processes have all cores, which load and database share.'
    : 'Server and load share the cores, so requests per second are a lower bound.'
  return `Made by \`npm run bench -- --write\`; do not edit. ${cores} cores (${cpu}), ${system}, Node ${node}, ${databases.join(', ')},
${tool} with ${how.connections} connections. ${how.rounds} rounds of ${how.seconds} s in which all take turns: medians, in brackets the least and the most.
The load average before was ${loadBefore.toFixed(1)}. ${held}

CPU is what all threads of all processes of the server take for one request; that of PostgreSQL is told apart. Ratios are
to bare \`node:http\` (form to JSON), measured just before in the same turn: per CPU second how many requests one busy
core answers, per second how many were answered. The ceiling is what a server reaches, per CPU second and per second,
that only reads the form, compares the secret and commits or signs.`
}

function targetTable(targets: readonly Reached[]): string {
  const rows = targets.map((reached) => {
    const { operation, bound, target, of, perCpuSecond, perSecond, ceiling } = reached
    const cell = (spread: Spread | null) => [ratio(spread), verdict(isMet(reached, spread))]
    return [
      operation,
      `${bound} ${target.toFixed(2)} × ${of}`,
      ...cell(perCpuSecond),
      ...cell(perSecond),
      ceiling === null ? '' : `${ratio(ceiling.perCpuSecond)}, ${ratio(ceiling.perSecond)}`,
    ]
  })
  return table(
    ['operation', 'target', 'per CPU second', 'met', 'per second', 'met', 'ceiling'],
    '<<><><>',
    rows,
  )
}

function limitTable(limits: readonly LimitRow[]): string {
  const rows = limits.map(({ limit, perSecond, perCpuSecond }) => [
    limit,
    number(perSecond),
    number(perCpuSecond),
  ])
  return table(['one process', 'per second', 'per CPU second'], '<>>', rows)
}

function requestTable(requests: readonly RequestRow[]): string {
  const hasDatabase = requests.some(({ databaseCpuMicroseconds }) => databaseCpuMicroseconds !== null)
  const rows = requests.map((row) => [
    row.request,
    number(row.perSecond),
    number(row.cpuMicroseconds, 1),
    ...(hasDatabase ? [number(row.databaseCpuMicroseconds, 1)] : []),
    ratio(row.ratio.perCpuSecond),
    ratio(row.ratio.perSecond),
    milliseconds(row.p50),
    milliseconds(row.p99),
    milliseconds(row.p999),
    row.rssMegabytes.max.toFixed(0),
  ])
  const database = hasDatabase ? ['CPU µs of PostgreSQL'] : []
  const ratios = ['ratio per CPU second', 'ratio per second']
  const heads = [
    'request',
    'per second',
    'CPU µs',
    ...database,
    ...ratios,
    'p50 ms',
    'p99 ms',
    'p99.9 ms',
    'RSS MB',
  ]
  return table(heads, `<${'>'.repeat(heads.length - 1)}`, rows)
}

function startUpTable(startUps: readonly StartUp[]): string {
  const rows = startUps.map(({ program, milliseconds, idleMegabytes }) => [
    program,
    number(milliseconds),
    verdict(isMet({ target: 400, bound: 'at most' }, milliseconds)),
    number(idleMegabytes),
    verdict(isMet({ target: 90, bound: 'at most' }, idleMegabytes)),
  ])
  const heads = ['program', 'ms to the first token', 'under 400', 'RSS MB idle', 'under 90']
  return table(heads, '<><><', rows)
}

function changeTable(changes: readonly Change[]): string {
  const rows = changes.map(({ change, request, before, after }) => [
    change,
    request,
    before.toFixed(1),
    after.toFixed(1),
  ])
  return table(['change', 'request', 'CPU µs before', 'after'], '<<>>', rows)
}

function table(heads: readonly string[], sides: string, rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return 'Not measured.'
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [
    line(heads),
    `|${[...sides].map((side) => (side === '<' ? '---' : '--:')).join('|')}|`,
    ...rows.map(line),
  ].join('\n')
}

function number(spread: Spread | null, digits = 0): string {
  if (spread === null) return ''
  const [median, min, max] = [spread.median, spread.min, spread.max].map((value) => value.toFixed(digits))
  return min === max ? `${median}` : `${median} (${min}–${max})`
}

function ratio(spread: Spread | null): string {
  return number(spread, 2)
}

function milliseconds(spread: Spread): string {
  return spread.median.toFixed(2)
}

function verdict(met: boolean | null): string {
  if (met === null) return ''
  return met ? 'yes' : '**no**'
}

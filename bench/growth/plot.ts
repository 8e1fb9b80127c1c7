import { type DatabaseName, type Growth, NAMES, type Size, wholeCpu } from './report.ts'
import { OPERATIONS, type Operation } from './turn.ts'

const WIDTH = 760
const HEIGHT = 300
const PANEL = { width: 290, height: 200, top: 40 }
const LEFT = [60, 440] as const

/** The most that a request may cost with the most tokens, times what it costs with the fewest. */
const LIMIT = 1.3

const DASHES: Readonly<Partial<Record<DatabaseName, string>>> = { postgres: '5 4' }

interface Line {
  readonly label: string
  readonly style: string
  readonly dashes: string
  readonly points: readonly (readonly [live: number, value: number])[]
}

/** CPU time and memory over the number of live tokens, as a picture that is readable on light and on dark. */
export function plotGrowth(all: readonly Growth[]): string {
  const lives = all.flatMap(({ sizes }) => sizes.map(({ live }) => live))
  const span = [Math.log10(Math.min(...lives)), Math.log10(Math.max(...lives))] as const
  const cpu = all.flatMap((growth) => OPERATIONS.map((operation) => cpuLine(growth, operation)))
  const memory = all.map(memoryLine)
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="system-ui, sans-serif" font-size="12" role="img" aria-label="CPU time of a request and memory of the server, over the number of live tokens">
<style>
  svg { --ink: #1f2328; --faint: #c9d1d9; --issue: #0969da; --refresh: #bc4c00; --refresh-in-order: #bf3989; --introspect: #1a7f37; --memory: #8250df }
  @media (prefers-color-scheme: dark) {
    svg { --ink: #e6edf3; --faint: #3d444d; --issue: #4493f8; --refresh: #f0883e; --refresh-in-order: #f778ba; --introspect: #3fb950; --memory: #ab7df8 }
  }
  text { fill: var(--ink) } .grid { stroke: var(--faint) } .limit { stroke: var(--ink); stroke-dasharray: 2 3 }
  .line { fill: none; stroke-width: 2 } ${[...OPERATIONS, 'memory'].map((name) => `.${name} { stroke: var(--${name}) } text.${name} { stroke: none; fill: var(--${name}) }`).join(' ')}
</style>
${panel(LEFT[0], 'CPU a request, times that of the fewest tokens', span, ticksUpTo(cpu, 0.5), cpu, LIMIT)}
${panel(LEFT[1], 'Memory of the server, MB', span, ticksUpTo(memory, 50), memory, null)}
</svg>
`
}

function cpuLine({ database, sizes }: Growth, operation: Operation): Line {
  const first = sizes[0]
  const ratio = (size: Size) =>
    wholeCpu(size.operations[operation]) / wholeCpu((first ?? size).operations[operation])
  return {
    label: `${operation}, ${NAMES[database]}`,
    style: operation,
    dashes: DASHES[database] ?? '',
    points: sizes.map((size) => [size.live, ratio(size)]),
  }
}

function memoryLine({ database, sizes }: Growth): Line {
  return {
    label: NAMES[database],
    style: 'memory',
    dashes: DASHES[database] ?? '',
    points: sizes.map(({ live, rssMegabytes }) => [live, rssMegabytes.median]),
  }
}

/** Multiples of a step, up to one that no value is above. */
function ticksUpTo(lines: readonly Line[], step: number): readonly number[] {
  const most = Math.max(...lines.flatMap(({ points }) => points.map(([, value]) => value)))
  return Array.from({ length: Math.ceil(most / step) + 1 }, (_, at) => at * step)
}

function panel(
  left: number,
  title: string,
  [from, to]: readonly [number, number],
  ticks: readonly number[],
  lines: readonly Line[],
  limit: number | null,
): string {
  const most = ticks.at(-1) ?? 1
  const x = (live: number) => left + (PANEL.width * (Math.log10(live) - from)) / Math.max(1, to - from)
  const y = (value: number) => PANEL.top + PANEL.height * (1 - value / most)
  const bottom = PANEL.top + PANEL.height
  const decades = Array.from(
    { length: Math.floor(to) - Math.ceil(from) + 1 },
    (_, at) => 10 ** (Math.ceil(from) + at),
  )
  return [
    `<text x="${left}" y="20" font-weight="600">${title}</text>`,
    ...ticks.map(
      (tick) =>
        `<path class="grid" d="M${left} ${round(y(tick))}h${PANEL.width}"/><text x="${left - 6}" y="${round(y(tick) + 4)}" text-anchor="end">${tick}</text>`,
    ),
    ...decades.map(
      (live) =>
        `<text x="${round(x(live))}" y="${bottom + 18}" text-anchor="middle">${numberText(live)}</text>`,
    ),
    `<text x="${left + PANEL.width}" y="${bottom + 34}" text-anchor="end">live tokens</text>`,
    ...(limit === null
      ? []
      : [
          `<path class="limit" d="M${left} ${round(y(limit))}h${PANEL.width}"/><text x="${left + PANEL.width}" y="${round(y(limit) - 4)}" text-anchor="end">limit ${limit}</text>`,
        ]),
    ...lines.map(({ style, dashes, points }) => {
      const path = points.map(([live, value]) => `${round(x(live))} ${round(y(value))}`).join('L')
      return `<path class="line ${style}"${dashes === '' ? '' : ` stroke-dasharray="${dashes}"`} d="M${path}"/>`
    }),
    ...legend(left, bottom, lines),
  ].join('\n')
}

function legend(left: number, bottom: number, lines: readonly Line[]): readonly string[] {
  return lines.map(({ label, style }, at) => {
    const column = lines.length > 3 ? Math.floor(at / 3) : 0
    const row = lines.length > 3 ? at % 3 : at
    return `<text class="${style}" x="${left + 8 + column * 140}" y="${bottom - 8 - 15 * (2 - row)}">${label}</text>`
  })
}

function numberText(count: number): string {
  if (count >= 1e6) return `${count / 1e6} M`
  return count >= 1000 ? `${count / 1000} k` : `${count}`
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}

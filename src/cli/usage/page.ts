import { createHash } from 'node:crypto'
import type { UsageOfAll, UsageResource, UsageSummary, UsageValue } from '../../admin/operations/usage.ts'
import type { EpochSeconds } from '../../protocol/time.ts'
import { timeText } from '../time-text.ts'
import { type Bar, barChart } from './chart.ts'
import { type Content, Markup, markup } from './markup.ts'
import type { UsageReport } from './report.ts'
import { callerText, countText, dayText, remarksOf, slopeText, zeroText } from './words.ts'

const DAY = 86_400

const STYLE = `
:root { color-scheme: light dark; --ink: #1f2328; --paper: #fff; --faint: #c9d1d9; --good: #0969da; --bad: #bc4c00 }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6edf3; --paper: #0d1117; --faint: #3d444d; --good: #4493f8; --bad: #f0883e }
}
body { margin: 2rem auto; max-width: 62rem; padding: 0 1rem; font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper) }
h2 { margin-top: 2.5rem } figure { margin: 1rem 0 } svg { width: 100%; height: auto; font-size: 12px }
text { fill: var(--ink) } .grid { stroke: var(--faint) } .good { fill: var(--good) } .bad { fill: var(--bad) }
.wide { overflow-x: auto } table { border-collapse: collapse; width: 100% }
th, td { padding: .3rem .6rem; border-bottom: 1px solid var(--faint); text-align: left; vertical-align: top; overflow-wrap: anywhere }
td.number, th.number { text-align: right; white-space: nowrap } .key::before { content: "■ " } .key.good { color: var(--good) } .key.bad { color: var(--bad) }
`

// Nothing is loaded and nothing is run: whatever a caller has called itself, it is text.
const POLICY = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'; base-uri 'none'; form-action 'none'`

/** A report for the people who decide: one page that needs nothing else, readable without seeing the charts. */
export function reportPage(report: UsageReport): string {
  const { tenant, summary, callers, callersInAll, stillDeprecated, withSuccessor } = report
  const deprecated = summary.uses.filter((use) => use.deprecated)
  const others = summary.uses.filter((use) => !use.deprecated)
  const left = callersInAll - callers.length
  return markup`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8" />
<meta http-equiv="Content-Security-Policy" content="${POLICY}" />
<meta name="referrer" content="no-referrer" />
<meta name="viewport" content="width=device-width, initial-scale=1" />
<title>Usage of ${tenant}</title>
<style>${new Markup(STYLE)}</style>
</head>
<body>
<main>
<h1>Who still uses what: ${tenant}</h1>
<p>Calls from ${dayText(summary.since)} to ${timeText(summary.until)}. Days and hours are UTC. In the last seven days ${countText(stillDeprecated)} users and clients used the password grant or a legacy surface; ${countText(withSuccessor)} of them could use a client that is there already.</p>
${table('All ways, and where they are going', waysUntil(summary.until), summary.uses)}
<h2>What is to end</h2>
${deprecated.length === 0 ? markup`<p>Nobody used the password grant or a legacy surface.</p>` : deprecated.map((use, at) => wayFigures(use, summary, `end-${at}`))}
<h2>What stays</h2>
${others.length === 0 ? markup`<p>Nobody used anything else.</p>` : others.map((use, at) => wayFigures(use, summary, `stay-${at}`))}
<h2>Users and clients</h2>
${table('Those who use what is to end first, then the busiest', CALLERS, callers)}
${left > 0 ? markup`<p>${countText(left)} more are left out.</p>` : ''}
</main>
</body>
</html>
`.text
}

function wayFigures(use: UsageOfAll, { since, until }: UsageSummary, id: string): Markup {
  const name = `${use.surface}, ${use.use}`
  const days = everyDay(use, since, until)
  const hours = use.hours.map((succeeded, hour) => ({
    label: `${String(hour).padStart(2, '0')}:00`,
    succeeded,
    failed: 0,
  }))
  return markup`<section>
<h3>${name}</h3>
<p>${countText(use.lastWeek)} calls in the last seven whole days, ${countText(use.weekBefore)} in the seven before. Trend: ${slopeText(use)}. None left: ${zeroText(use, until)}.</p>
${figure(`${id}-days`, `Calls a day: ${name}`, 'day', days)}
${figure(`${id}-hours`, `Calls by hour of the day: ${name}`, 'hour', hours)}
</section>
`
}

/** A chart, and the same as a table for whoever can not see it. */
function figure(id: string, title: string, unit: string, bars: readonly Bar[]): Markup {
  const rows = bars.filter(({ succeeded, failed }) => succeeded + failed > 0)
  return markup`<figure>
<figcaption>${title} (<span class="key good">succeeded</span>, <span class="key bad">refused</span>)</figcaption>
${barChart(id, title, bars)}
<details><summary>As a table</summary>
${table(
  title,
  [
    { title: unit, value: ({ label }) => label },
    { title: 'succeeded', value: ({ succeeded }) => countText(succeeded), isNumber: true },
    { title: 'refused', value: ({ failed }) => countText(failed), isNumber: true },
  ],
  rows,
)}
</details>
</figure>
`
}

function everyDay({ days }: UsageOfAll, since: EpochSeconds, until: EpochSeconds): readonly Bar[] {
  const byDay = new Map(days.map((day) => [day.day, day]))
  // What was before the first call is no news.
  const first = Math.max(since, days[0]?.day ?? since)
  return Array.from({ length: Math.max(0, Math.ceil((until - first) / DAY)) }, (_, at) => {
    const { succeeded = 0, failed = 0 } = byDay.get(first + at * DAY) ?? {}
    return { label: dayText(first + at * DAY), succeeded, failed }
  })
}

interface Column<Row> {
  readonly title: string
  readonly value: (row: Row) => Content
  readonly isNumber?: true
}

function table<Row>(caption: string, columns: readonly Column<Row>[], rows: readonly Row[]): Markup {
  const style = ({ isNumber }: Column<Row>) => (isNumber ? markup` class="number"` : '')
  return markup`<div class="wide"><table>
<caption>${caption}</caption>
<thead><tr>${columns.map((column) => markup`<th scope="col"${style(column)}>${column.title}</th>`)}</tr></thead>
<tbody>
${rows.map(
  (row) => markup`<tr>${columns.map((column) => markup`<td${style(column)}>${column.value(row)}</td>`)}</tr>
`,
)}</tbody>
</table></div>`
}

const waysUntil = (until: EpochSeconds): readonly Column<UsageOfAll>[] => [
  { title: 'surface', value: ({ surface }) => surface },
  { title: 'use', value: ({ use }) => use },
  { title: 'calls', value: ({ succeeded }) => countText(succeeded), isNumber: true },
  { title: 'refused', value: ({ failed }) => countText(failed), isNumber: true },
  { title: 'last 7 days', value: ({ lastWeek }) => countText(lastWeek), isNumber: true },
  { title: '7 before', value: ({ weekBefore }) => countText(weekBefore), isNumber: true },
  { title: 'trend', value: slopeText },
  { title: 'none left on', value: (use) => zeroText(use, until) },
]

const CALLERS: readonly Column<UsageResource>[] = [
  { title: 'who', value: callerText },
  { title: 'surface and use', value: ({ surface, use }) => `${surface}, ${use}` },
  { title: 'calls', value: ({ succeeded }) => countText(succeeded), isNumber: true },
  { title: 'refused', value: ({ failed }) => countText(failed), isNumber: true },
  { title: 'last 7 days', value: ({ lastWeek }) => countText(lastWeek), isNumber: true },
  { title: '7 before', value: ({ weekBefore }) => countText(weekBefore), isNumber: true },
  { title: 'last', value: ({ lastAt }) => dayText(lastAt) },
  { title: 'remarks', value: (caller) => remarksOf(caller).join('; ') },
  { title: 'from', value: ({ sources }) => lastValues(sources) },
  { title: 'by', value: ({ agents }) => lastValues(agents) },
  { title: 'refused because', value: ({ refusals }) => lastValues(refusals) },
]

/** Enough to know it by. */
function lastValues(values: readonly UsageValue[]): string {
  const more =
    values.length > 3 ? ` and ${values.length >= 20 ? '17 or more' : values.length - 3} others` : ''
  return (
    values
      .slice(0, 3)
      .map(({ value }) => value)
      .join(', ') + more
  )
}

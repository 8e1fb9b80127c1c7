import { type Markup, markup } from './markup.ts'
import { countText } from './words.ts'

const WIDTH = 760
const HEIGHT = 180
const PLOT = { left: 56, top: 12, width: 696, height: 136 }

/** One bar: what succeeded at the bottom, what failed on top of it. */
export interface Bar {
  readonly label: string
  readonly succeeded: number
  readonly failed: number
}

/** Bars side by side, readable on light and on dark; the page has the styles, and a table that says the same. */
export function barChart(id: string, title: string, bars: readonly Bar[]): Markup {
  const most = niceCeiling(Math.max(1, ...bars.map(({ succeeded, failed }) => succeeded + failed)))
  const step = PLOT.width / Math.max(1, bars.length)
  const bottom = PLOT.top + PLOT.height
  const heightOf = (count: number) => round((PLOT.height * count) / most)
  const ticks = [0, most / 2, most].filter(Number.isInteger)
  // As many labels as have room.
  const every = Math.ceil(bars.length / 8)
  return markup`<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-labelledby="${id}-title">
<title id="${id}-title">${title}</title>
${ticks.map((tick) => {
  const y = round(bottom - heightOf(tick))
  return markup`<path class="grid" d="M${PLOT.left} ${y}h${PLOT.width}"/><text x="${PLOT.left - 6}" y="${round(y + 4)}" text-anchor="end">${countText(tick)}</text>
`
})}${bars.map(({ label, succeeded, failed }, at) => {
  const x = round(PLOT.left + at * step)
  const width = round(Math.max(0.5, step - 1))
  const good = heightOf(succeeded)
  const bad = heightOf(failed)
  return markup`<g><title>${label}: ${countText(succeeded)} succeeded, ${countText(failed)} refused</title><rect class="good" x="${x}" y="${round(bottom - good)}" width="${width}" height="${good}"/>${failed === 0 ? '' : markup`<rect class="bad" x="${x}" y="${round(bottom - good - bad)}" width="${width}" height="${bad}"/>`}</g>
${
  at % every === 0
    ? markup`<text x="${round(x + width / 2)}" y="${bottom + 18}" text-anchor="middle">${label}</text>
`
    : ''
}`
})}</svg>`
}

/** The next of 1, 2, 5, 10, 20, 50, … */
function niceCeiling(most: number): number {
  const decade = 10 ** Math.floor(Math.log10(most))
  return ([1, 2, 5, 10].find((factor) => factor * decade >= most) ?? 10) * decade
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}

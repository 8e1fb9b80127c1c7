/** Prometheus' text format, read. */
import { METRICS, type MetricDefinition } from '../../src/log/metric-definitions.ts'

export interface Series {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

const LINE = /^(?<name>[a-zA-Z_:][\w:]*)(?:\{(?<labels>.*)\})? (?<value>\S+)$/
const LABEL = /([a-zA-Z_]\w*)="((?:[^"\\\n]|\\[\\"n])*)"(?:,|$)/y

/** Throws for what is not in the format. */
export function readSeries(text: string): readonly Series[] {
  return text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const { name, labels = '', value = 'x' } = LINE.exec(line)?.groups ?? {}
      const isNumber = /^nan$/i.test(value) || !Number.isNaN(Number(value))
      if (name === undefined || !isNumber) throw new Error(`no series: ${line}`)
      return { name, labels: readLabels(labels), value: Number(value) }
    })
}

function readLabels(text: string): Readonly<Record<string, string>> {
  const labels: Record<string, string> = {}
  LABEL.lastIndex = 0
  while (LABEL.lastIndex < text.length) {
    const [, name = '', value = ''] = LABEL.exec(text) ?? []
    if (name === '') throw new Error(`no labels: ${text}`)
    labels[name] = value
  }
  return labels
}

/** Undefined: there is no such series. */
export function valueIn(
  series: readonly Series[],
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number | undefined {
  return series.find(
    (each) =>
      each.name === name && Object.entries(labels).every(([label, value]) => each.labels[label] === value),
  )?.value
}

/** The metric a series belongs to; undefined: it is none of Mintkeeper's own. */
export function definitionOf({ name }: Series): MetricDefinition | undefined {
  return Object.values<MetricDefinition>(METRICS).find(
    (metric) =>
      metric.name === name ||
      (metric.type === 'histogram' && name.replace(/_(bucket|sum|count)$/, '') === metric.name),
  )
}

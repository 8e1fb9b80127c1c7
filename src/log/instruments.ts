import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import type { MetricDefinition } from './metric-definitions.ts'

/** Makes the metrics that are defined, in one registry. */
export interface Instruments {
  counter<Label extends string>(definition: MetricDefinition<Label>): Counter<Label>
  histogram<Label extends string>(definition: MetricDefinition<Label>): Histogram<Label>
  /** Absent until it is set, unlike prom-client's: what is not known is not zero. */
  gauge<Label extends string>(definition: MetricDefinition<Label>): Gauge<Label>
}

export function createInstruments(registry: Registry): Instruments {
  const registers = [registry]
  return {
    counter: ({ name, help, labels }) => new Counter({ name, help, labelNames: namesOf(labels), registers }),
    histogram: ({ name, help, labels, buckets }) =>
      new Histogram({ name, help, labelNames: namesOf(labels), buckets: [...buckets], registers }),
    gauge({ name, help, labels }) {
      const gauge = new Gauge({ name, help, labelNames: namesOf(labels), registers })
      // Series with labels are absent anyway.
      if (Object.keys(labels).length === 0) gauge.remove()
      return gauge
    },
  }
}

function namesOf<Label extends string>(labels: MetricDefinition<Label>['labels']): Label[] {
  return Object.keys(labels) as Label[]
}

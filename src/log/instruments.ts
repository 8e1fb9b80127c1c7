import { Counter, Gauge, type Registry } from 'prom-client'
import type { MetricDefinition } from './metric-definitions.ts'
import { createTally, createTiming, type Tally, type Timing } from './tally.ts'

/** Makes the metrics that are defined, in one registry. */
export interface Instruments {
  counter<Label extends string>(definition: MetricDefinition<Label>): Counter<Label>
  /** A counter for what happens with every request. */
  tally(definition: MetricDefinition): Tally
  histogram(definition: MetricDefinition): Timing
  /** Absent until it is set, unlike prom-client's: what is not known is not zero. */
  gauge<Label extends string>(definition: MetricDefinition<Label>): Gauge<Label>
}

export function createInstruments(registry: Registry): Instruments {
  const registers = [registry]
  return {
    counter: ({ name, help, labels }) => new Counter({ name, help, labelNames: namesOf(labels), registers }),
    tally: (definition) => createTally(definition, registry),
    histogram: (definition) => createTiming(definition, registry),
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

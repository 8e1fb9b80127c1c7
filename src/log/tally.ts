import type { Metric, Registry } from 'prom-client'
import type { MetricDefinition } from './metric-definitions.ts'

/**
 * Counters and histograms for what happens with every request. The values of their labels are known beforehand, so an
 * array has a place for each combination of them: a tenth of what prom-client's own cost, which make a text of the
 * labels each time. What they hold is told by prom-client like the rest.
 */
export interface Tally {
  /** One more with these labels, whose values come in the order they are defined in. RangeError for an undefined one. */
  count(...labels: readonly string[]): void
}

export interface Timing {
  /** One more; labels as for `count`. */
  observe(value: number, ...labels: readonly string[]): void
}

interface Sample {
  readonly metricName: string
  readonly labels: Readonly<Record<string, string | number>>
  readonly value: number
}

/** A counter; a series is there once it was counted. */
export function createTally(definition: MetricDefinition, registry: Registry): Tally {
  const { name } = definition
  const places = placesOf(definition)
  const counts = new Float64Array(places.size)
  register(registry, definition, () => {
    const samples: Sample[] = []
    for (const [place, value] of counts.entries()) {
      if (value > 0) samples.push({ metricName: name, labels: places.labelsAt(place), value })
    }
    return samples
  })
  return {
    count(...labels) {
      const place = places.of(labels)
      counts[place] = (counts[place] ?? 0) + 1
    },
  }
}

/** A histogram; its series are there once there was one value, or always where it has no labels. */
export function createTiming(definition: MetricDefinition, registry: Registry): Timing {
  const { name, buckets } = definition
  const places = placesOf(definition)
  // Of each place: the sum, how many fell into each bucket, how many are above all buckets.
  const width = 1 + buckets.length + 1
  const numbers = new Float64Array(places.size * width)

  function samplesAt(place: number): readonly Sample[] {
    const [sum = 0, ...counts] = numbers.subarray(place * width, (place + 1) * width)
    const labels = places.labelsAt(place)
    let upTo = 0
    const cumulated = counts.map((count, index) => {
      upTo += count
      return {
        metricName: `${name}_bucket`,
        labels: { le: buckets[index] ?? '+Inf', ...labels },
        value: upTo,
      }
    })
    if (upTo === 0 && places.size > 1) return []
    return [
      ...cumulated,
      { metricName: `${name}_sum`, labels, value: sum },
      { metricName: `${name}_count`, labels, value: upTo },
    ]
  }

  register(registry, definition, () =>
    Array.from({ length: places.size }, (_, place) => samplesAt(place)).flat(),
  )
  return {
    observe(value, ...labels) {
      const start = places.of(labels) * width
      let bucket = 0
      while (bucket < buckets.length && value > (buckets[bucket] ?? 0)) bucket++
      numbers[start] = (numbers[start] ?? 0) + value
      numbers[start + 1 + bucket] = (numbers[start + 1 + bucket] ?? 0) + 1
    },
  }
}

/** prom-client asks its metrics for no more than this. */
function register(
  registry: Registry,
  { name, help, type }: MetricDefinition,
  samples: () => readonly Sample[],
): void {
  const metric = { name, help, type, get: async () => ({ name, help, type, values: samples() }) }
  registry.registerMetric(metric as unknown as Metric)
}

interface Places {
  readonly size: number
  of(values: readonly string[]): number
  labelsAt(place: number): Readonly<Record<string, string>>
}

/** Numbers the combinations of values that the labels of a metric can have. */
function placesOf({ name, labels }: MetricDefinition): Places {
  const names = Object.keys(labels)
  const sets = Object.values(labels).map((values) => values ?? [])
  return {
    size: sets.reduce((size, set) => size * set.length, 1),
    of(values) {
      let place = 0
      for (let index = 0; index < sets.length; index++) {
        const set = sets[index] ?? []
        const position = set.indexOf(values[index] ?? '')
        if (position === -1) throw new RangeError(`${name} has no ${names[index]} ${values[index]}`)
        place = place * set.length + position
      }
      return place
    },
    labelsAt(place) {
      let rest = place
      const found = sets
        .map((set, index) => [names[index], set] as const)
        .reverse()
        .map(([label, set]) => {
          const value = set[rest % set.length]
          rest = Math.floor(rest / set.length)
          return [label, value]
        })
      return Object.fromEntries(found.reverse())
    },
  }
}

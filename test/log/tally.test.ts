/** What the server's own counters and histograms tell is what prom-client's would. */
import fc from 'fast-check'
import { Counter, Histogram, Registry } from 'prom-client'
import { expect, test } from 'vitest'
import type { MetricDefinition } from '../../src/log/metric-definitions.ts'
import { createTally, createTiming } from '../../src/log/tally.ts'

const LABELS = { surface: ['spree', 'realm'], endpoint: ['token', 'info', 'none'] } as const
const NAMES = Object.keys(LABELS)
const BUCKETS = [0.001, 0.25, 1, 10]

const labelled = fc.tuple(fc.constantFrom(...LABELS.surface), fc.constantFrom(...LABELS.endpoint))
/** On the bounds, between, and beyond them. Halves and quarters, so that sums are exact in any order. */
const duration = fc.constantFrom(0, 0.001, 0.125, 0.25, 0.5, 1, 1.25, 10, 10.5, 1000)

function define(type: 'counter' | 'histogram', labels: MetricDefinition['labels']): MetricDefinition {
  return { type, name: 'x', help: 'What it counts.', labels, buckets: BUCKETS }
}

/** Series come in another order. */
async function linesOf(registry: Registry): Promise<readonly string[]> {
  return (await registry.metrics()).split('\n').sort()
}

test('a tally', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(labelled), async (events) => {
      const [own, theirs] = [new Registry(), new Registry()]
      const tally = createTally(define('counter', LABELS), own)
      const counter = new Counter({
        ...{ name: 'x', help: 'What it counts.', labelNames: NAMES, registers: [theirs] },
      })
      for (const [surface, endpoint] of events) {
        tally.count(surface, endpoint)
        counter.inc({ surface, endpoint })
      }
      expect(await linesOf(own)).toEqual(await linesOf(theirs))
    }),
  )
})

test.each([
  ['with labels', LABELS],
  ['without labels', {}],
])('a histogram %s', async (_, labels) => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(duration, labelled)), async (events) => {
      const [own, theirs] = [new Registry(), new Registry()]
      const timing = createTiming(define('histogram', labels), own)
      const labelNames = Object.keys(labels)
      const histogram = new Histogram({
        ...{ name: 'x', help: 'What it counts.', buckets: BUCKETS, labelNames, registers: [theirs] },
      })
      for (const [value, [surface, endpoint]] of events) {
        timing.observe(value, ...(labelNames.length > 0 ? [surface, endpoint] : []))
        histogram.observe(labelNames.length > 0 ? { surface, endpoint } : {}, value)
      }
      expect(await linesOf(own)).toEqual(await linesOf(theirs))
    }),
  )
})

test('there is no series for a label that nobody has defined', async () => {
  const registry = new Registry()
  const tally = createTally(define('counter', LABELS), registry)
  expect(() => tally.count('spree', 'forged')).toThrow(RangeError)
  expect(() => tally.count('spree')).toThrow(RangeError)
  expect(await registry.metrics()).not.toContain('x{')
})

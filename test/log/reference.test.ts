/** The words about metrics are true of those there are. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { METRICS, type MetricDefinition } from '../../src/log/metric-definitions.ts'
import { createMetrics } from '../../src/log/metrics.ts'
import { definitionOf, readSeries } from './series.ts'

const DOCS = join(import.meta.dirname, '..', '..', 'docs')
const GUIDES = readdirSync(join(DOCS, 'guide')).map((name) => `guide/${name}`)
const PAGES = [...GUIDES, 'reference/metrics.md'].map((page) => ({
  page,
  text: readFileSync(join(DOCS, page), 'utf8'),
}))

/** A metric with a selector, such as `name_bucket{label="value"}`. */
const METRIC = /\b(mintkeeper_[a-z_]+)(?:\{([^}]*)\})?/g
const PROCESS_METRIC = /\b(?:process|nodejs)_[a-z0-9_]+_[a-z0-9]+\b/g

test.each(PAGES)('$page names no metric, label or value that there is not', ({ text }) => {
  for (const [, name = '', selector = ''] of text.matchAll(METRIC)) {
    const definition = definitionOf({ name, labels: {}, value: 0 })
    expect(definition, name).toBeDefined()
    for (const [, label = '', value = ''] of selector.matchAll(/(\w+)="([^"]*)"/g)) {
      expect(definition?.labels[label], `${name} ${label}`).toContain(value)
    }
  }
})

test('the guide and the reference name metrics, and the reference all', () => {
  const guide = PAGES.find(({ page }) => page === 'guide/monitoring.md')?.text ?? ''
  expect(guide.match(METRIC)?.length).toBeGreaterThan(10)
  const reference = PAGES.find(({ page }) => page === 'reference/metrics.md')?.text ?? ''
  for (const { name, labels } of Object.values<MetricDefinition>(METRICS)) {
    expect(reference).toContain(`| \`${name}\` |`)
    for (const values of Object.values(labels)) {
      for (const value of values ?? []) expect(reference).toContain(`\`${value}\``)
    }
  }
})

test('the metrics of the process that are named are there', async () => {
  const series = readSeries(await createMetrics({ process: true }).text())
  const known = new Set(series.map(({ name }) => name.replace(/_(?:bucket|sum|count)$/, '')))
  // Told only once a collection has happened.
  known.add('nodejs_gc_duration_seconds')
  const named = new Set(PAGES.flatMap(({ text }) => text.match(PROCESS_METRIC) ?? []))
  expect(named.size).toBeGreaterThan(3)
  expect([...named].filter((name) => !known.has(name))).toEqual([])
})

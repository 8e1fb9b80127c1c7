import { METRICS, type MetricDefinition } from '../../src/log/metric-definitions.ts'
import { code, table } from './markdown.ts'

/** docs/reference/metrics.md, from the definitions. */
export function renderMetricsReference(): string {
  const metrics = Object.values<MetricDefinition>(METRICS)
  return `${[
    '# Metrics',
    'What `GET /metrics` of the control plane tells, in the text format of Prometheus 0.0.4. [Monitoring](../guide/monitoring.md) says what to do with it.',
    'Labels have values of closed sets only, so the number of series is bounded whatever clients send. No label names a tenant, client or user: the [log](../guide/operations.md#logs) does.',
    table(
      ['metric', 'type', 'labels', ''],
      metrics.map((metric) => [code(metric.name), metric.type, labelsText(metric), metric.help]),
    ),
    '## Values of labels',
    ...labelSets(metrics).map(labelSetText),
    '## Buckets',
    ...metrics
      .filter(({ type }) => type === 'histogram')
      .map(({ name, buckets }) => `- ${code(name)}: ${buckets.join(', ')}`),
    '## The process',
    '`mintkeeper serve` adds the metrics of [prom-client](https://github.com/siimon/prom-client) about the process: `process_cpu_seconds_total`, `process_resident_memory_bytes`, `process_open_fds`, `nodejs_eventloop_lag_p99_seconds`, `nodejs_heap_size_used_bytes`, `nodejs_gc_duration_seconds` and their like. A [program that embeds Mintkeeper](../guide/embedding.md#metrics) chooses.',
  ]
    .join('\n\n')
    .replaceAll('\n\n- ', '\n- ')
    .replaceAll(/^(## .*)\n- /gm, '$1\n\n- ')}\n`
}

/** What a value does not say by itself. */
const NOTES: Readonly<Record<string, string>> = {
  endpoint: '. `none`: the path is unknown, or does not know the method',
  grant_type: '. `none`: not the token endpoint. `other`: no grant type that is on there',
  outcome: '; all but `ok` are [error codes](errors.md)',
}

function labelsText({ labels }: MetricDefinition): string {
  return Object.keys(labels).map(code).join(', ')
}

interface LabelSet {
  readonly label: string
  readonly values: readonly string[]
  readonly metrics: readonly string[]
}

/** The closed sets, each once. */
function labelSets(metrics: readonly MetricDefinition[]): readonly LabelSet[] {
  const sets = new Map<string, LabelSet>()
  for (const { name, labels } of metrics) {
    for (const [label, values] of Object.entries(labels)) {
      if (values === null) continue
      const key = `${label} ${values}`
      sets.set(key, { label, values, metrics: [...(sets.get(key)?.metrics ?? []), name] })
    }
  }
  return [...sets.values()]
}

/** Names the metrics, too, where another metric has the same label with other values. */
function labelSetText({ label, values, metrics }: LabelSet, _: number, all: readonly LabelSet[]): string {
  const isAlone = all.filter((set) => set.label === label).length === 1
  const whose = isAlone ? '' : ` of ${metrics.map(code).join(', ')}`
  return `- ${code(label)}${whose}: ${values.map(code).join(', ')}${NOTES[label] ?? ''}`
}

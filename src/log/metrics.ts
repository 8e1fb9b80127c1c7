import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { SigningAlgorithm } from '../protocol/jwt.ts'
import { type Clock, type EpochSeconds, epochSeconds } from '../protocol/time.ts'
import type { RequestEntry } from './log.ts'
import { METRICS, type MetricDefinition } from './metric-definitions.ts'
import { createSample } from './sample.ts'

/** Counts and times what the server does. What is not told here costs nothing; telling costs less than a microsecond. */
export interface Metrics {
  /** Of `text`, for the header. */
  readonly contentType: string
  /** All metrics as they are now, in Prometheus' text format. Never rejects because the database is gone. */
  text(): Promise<string>
  request(entry: RequestEntry): void
  readonly store: {
    committed(writes: number, commitMs: number): void
  }
  readonly passwords: {
    started(waitMs: number): void
    refused(): void
  }
  readonly purge: {
    succeeded(rows: number, now: EpochSeconds): void
    failed(): void
  }
  reloadFailed(cache: 'tenants' | 'signing_keys'): void
  /** What is asked when `text` is. Of one server: of several, the last. */
  watch(sources: MetricSources): void
}

/** What is not told as it happens, but asked for. */
export interface MetricSources {
  readonly clock: Clock
  store(): { readonly waiting: number; readonly pool: PoolFacts | null }
  passwords(): { readonly waiting: number }
  /** Of all tenants. Asked rarely; may fail. */
  signingKeys(): Promise<readonly KeyFacts[]>
}

interface PoolFacts {
  readonly size: number
  readonly inUse: number
  readonly waiting: number
}

interface KeyFacts {
  readonly algorithm: SigningAlgorithm
  readonly state: 'announced' | 'active' | 'retired' | 'withdrawn'
  readonly createdAt: EpochSeconds
}

export interface MetricsOptions {
  /** Of the program, for `mintkeeper_build_info`. */
  readonly version?: string
  /** Adds the metrics of the whole process: memory, CPU, event loop, garbage collection. Once a process. */
  readonly process?: boolean
}

/** Signing keys change rarely. */
const KEYS_MAX_AGE_MS = 30_000

/** Scrapers give up after ten seconds, and what else there is to tell is wanted most when the database hangs. */
const MAX_WAIT_MS = 500

const STATUS_CLASSES = ['', '1xx', '2xx', '3xx', '4xx', '5xx']

/** Metrics of one server, in a registry of their own. */
export function createMetrics({ version, process: ofProcess = false }: MetricsOptions = {}): Metrics {
  const registry = new Registry()
  const registers = [registry]
  const counter = <Label extends string>({ name, help, labels }: MetricDefinition<Label>) =>
    new Counter<Label>({ name, help, labelNames: namesOf(labels), registers })
  const histogram = <Label extends string>({ name, help, labels, buckets }: MetricDefinition<Label>) =>
    new Histogram<Label>({ name, help, labelNames: namesOf(labels), buckets: [...buckets], registers })
  const gauge = <Label extends string>({ name, help, labels }: MetricDefinition<Label>) =>
    new Gauge<Label>({ name, help, labelNames: namesOf(labels), registers })

  const requests = counter(METRICS.requests)
  const requestSeconds = histogram(METRICS.requestSeconds)
  const reuses = counter(METRICS.reuses)
  const replays = counter(METRICS.replays)
  const storeFailures = counter(METRICS.storeFailures)
  const reloadFailures = counter(METRICS.reloadFailures)
  const commitSeconds = histogram(METRICS.commitSeconds)
  const commitWrites = histogram(METRICS.commitWrites)
  const waitingWrites = gauge(METRICS.waitingWrites)
  const poolConnections = gauge(METRICS.poolConnections)
  const poolInUse = gauge(METRICS.poolInUse)
  const poolWaiting = gauge(METRICS.poolWaiting)
  const hashWaiting = gauge(METRICS.hashWaiting)
  const hashWaitSeconds = histogram(METRICS.hashWaitSeconds)
  const hashRefusals = counter(METRICS.hashRefusals)
  const purgeRuns = counter(METRICS.purgeRuns)
  const purgeFailures = counter(METRICS.purgeFailures)
  const purgedRows = counter(METRICS.purgedRows)
  const purgedAt = gauge(METRICS.purgedAt)
  const signingKeys = gauge(METRICS.signingKeys)
  const activeKeyAge = gauge(METRICS.activeKeyAge)

  // A rate can be computed from the first event on only if there was a zero before it.
  for (const cache of METRICS.reloadFailures.labels.cache ?? []) reloadFailures.inc({ cache }, 0)
  // What is not known is absent, not zero.
  for (const unknown of [poolConnections, poolInUse, poolWaiting, purgedAt]) unknown.remove()
  if (version !== undefined) gauge(METRICS.buildInfo).set({ version }, 1)
  if (ofProcess) collectDefaultMetrics({ register: registry })

  let collect = async () => {}

  return {
    contentType: registry.contentType,
    async text() {
      await collect()
      return await registry.metrics()
    },
    request({ surface, endpoint, grant, outcome, status, reason, note, durationMs }) {
      const path = endpoint ?? 'none'
      requests.inc({
        surface,
        endpoint: path,
        grant_type: grant ?? (endpoint === 'token' ? 'other' : 'none'),
        outcome,
        status: STATUS_CLASSES[Math.trunc(status / 100)] ?? '',
      })
      requestSeconds.observe({ surface, endpoint: path }, durationMs / 1000)
      if (reason === 'refresh_token_reused') reuses.inc()
      else if (reason === 'store_unavailable') storeFailures.inc()
      else if (note === 'replayed') replays.inc()
    },
    store: {
      committed(writes, commitMs) {
        commitWrites.observe(writes)
        commitSeconds.observe(commitMs / 1000)
      },
    },
    passwords: {
      started: (waitMs) => hashWaitSeconds.observe(waitMs / 1000),
      refused: () => hashRefusals.inc(),
    },
    purge: {
      succeeded(rows, now) {
        purgeRuns.inc()
        purgedRows.inc(rows)
        purgedAt.set(now)
      },
      failed: () => purgeFailures.inc(),
    },
    reloadFailed: (cache) => reloadFailures.inc({ cache }),
    watch(sources) {
      const keys = createSample({
        read: sources.signingKeys,
        clock: () => performance.now(),
        maxAgeMs: KEYS_MAX_AGE_MS,
        waitMs: MAX_WAIT_MS,
      })
      collect = async () => {
        const { waiting, pool } = sources.store()
        waitingWrites.set(waiting)
        hashWaiting.set(sources.passwords().waiting)
        if (pool !== null) {
          poolConnections.set(pool.size)
          poolInUse.set(pool.inUse)
          poolWaiting.set(pool.waiting)
        }
        showKeys((await keys()) ?? [], epochSeconds(sources.clock))
      }
    },
  }

  function showKeys(keys: readonly KeyFacts[], now: EpochSeconds): void {
    signingKeys.reset()
    activeKeyAge.reset()
    const oldest = new Map<SigningAlgorithm, EpochSeconds>()
    for (const { algorithm, state, createdAt } of keys) {
      signingKeys.inc({ algorithm, state })
      if (state !== 'active') continue
      oldest.set(algorithm, Math.min(createdAt, oldest.get(algorithm) ?? createdAt))
    }
    for (const [algorithm, createdAt] of oldest) activeKeyAge.set({ algorithm }, now - createdAt)
  }
}

function namesOf<Label extends string>(labels: MetricDefinition<Label>['labels']): Label[] {
  return Object.keys(labels) as Label[]
}

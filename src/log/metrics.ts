import { collectDefaultMetrics, Registry } from 'prom-client'
import type { LegacySurface } from '../protocol/policy.ts'
import type { EpochSeconds } from '../protocol/time.ts'
import type { UpstreamQuestionKind } from '../protocol/upstream.ts'
import { createGauges, type MetricSources } from './gauges.ts'
import { createInstruments } from './instruments.ts'
import type { RequestEntry } from './log.ts'
import { METRICS, type UPSTREAM_RESULTS } from './metric-definitions.ts'

/** Counts and times what the server does. Telling it costs a tenth of a microsecond a request. */
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
    refused(bound: 'queue' | 'source'): void
    abandoned(): void
  }
  readonly purge: {
    succeeded(rows: number, now: EpochSeconds): void
    failed(): void
  }
  readonly upstream: {
    /** `seconds` counts only if it was asked. */
    asked(
      surface: LegacySurface,
      question: UpstreamQuestionKind,
      result: (typeof UPSTREAM_RESULTS)[number],
      seconds: number,
    ): void
  }
  reloadFailed(cache: 'tenants' | 'signing_keys'): void
  /** What is asked when `text` is. Of one server: of several, the last. */
  watch(sources: MetricSources): void
}

export interface MetricsOptions {
  /** Of the program, for `mintkeeper_build_info`. */
  readonly version?: string
  /** Adds the metrics of the whole process: memory, CPU, event loop, garbage collection. Once a process. */
  readonly process?: boolean
}

/** Metrics of one server, in a registry of their own. */
export function createMetrics({ version, process: ofProcess = false }: MetricsOptions = {}): Metrics {
  const registry = new Registry()
  const instruments = createInstruments(registry)
  const { counter, tally, histogram, gauge } = instruments
  const requests = tally(METRICS.requests)
  const requestSeconds = histogram(METRICS.requestSeconds)
  const reuses = counter(METRICS.reuses)
  const replays = counter(METRICS.replays)
  const mutedSecrets = counter(METRICS.mutedSecrets)
  const storeFailures = counter(METRICS.storeFailures)
  const reloadFailures = counter(METRICS.reloadFailures)
  const commitSeconds = histogram(METRICS.commitSeconds)
  const commitWrites = histogram(METRICS.commitWrites)
  const hashWaitSeconds = histogram(METRICS.hashWaitSeconds)
  const hashRefusals = counter(METRICS.hashRefusals)
  const hashAbandoned = counter(METRICS.hashAbandoned)
  const loginBlocks = counter(METRICS.loginBlocks)
  const clientBlocks = counter(METRICS.clientBlocks)
  const upstreamRequests = tally(METRICS.upstreamRequests)
  const upstreamSeconds = histogram(METRICS.upstreamSeconds)
  const upstreamUsers = tally(METRICS.upstreamUsers)
  const purgeRuns = counter(METRICS.purgeRuns)
  const purgeFailures = counter(METRICS.purgeFailures)
  const purgedRows = counter(METRICS.purgedRows)
  const purgedAt = gauge(METRICS.purgedAt)
  const watched = createGauges(instruments)
  const buildInfo = gauge(METRICS.buildInfo)
  if (version !== undefined) buildInfo.set({ version }, 1)
  // A rate can be computed from the first event on only if there was a zero before it.
  for (const cache of METRICS.reloadFailures.labels.cache ?? []) reloadFailures.inc({ cache }, 0)
  for (const bound of METRICS.hashRefusals.labels.bound ?? []) hashRefusals.inc({ bound }, 0)
  if (ofProcess) collectDefaultMetrics({ register: registry })

  let ask = async () => {}

  return {
    contentType: registry.contentType,
    async text() {
      await ask()
      return await registry.metrics()
    },
    request({ surface, endpoint, grant, outcome, status, reason, note, durationMs }) {
      const path = endpoint ?? 'none'
      const grantType = grant ?? (endpoint === 'token' ? 'other' : 'none')
      requests.count(surface, path, grantType, outcome, statusClass(status))
      requestSeconds.observe(durationMs / 1000, surface, path)
      if (reason === 'refresh_token_reused') reuses.inc()
      else if (reason === 'login_blocked') loginBlocks.inc()
      else if (reason === 'client_blocked') clientBlocks.inc()
      else if (reason === 'store_unavailable') storeFailures.inc()
      else if (note?.includes('replayed')) replays.inc()
      if (note?.includes('muted secret')) mutedSecrets.inc()
      else if (note?.includes('user learned')) upstreamUsers.count(surface)
    },
    store: {
      committed(writes, commitMs) {
        commitWrites.observe(writes)
        commitSeconds.observe(commitMs / 1000)
      },
    },
    passwords: {
      started: (waitMs) => hashWaitSeconds.observe(waitMs / 1000),
      refused: (bound) => hashRefusals.inc({ bound }),
      abandoned: () => hashAbandoned.inc(),
    },
    purge: {
      succeeded(rows, now) {
        purgeRuns.inc()
        purgedRows.inc(rows)
        purgedAt.set(now)
      },
      failed: () => purgeFailures.inc(),
    },
    upstream: {
      asked(surface, question, result, seconds) {
        upstreamRequests.count(surface, question, result)
        if (result !== 'open' && result !== 'busy') upstreamSeconds.observe(seconds, surface)
      },
    },
    reloadFailed: (cache) => reloadFailures.inc({ cache }),
    watch(sources) {
      ask = watched(sources)
    },
  }
}

/** Of a final answer. */
function statusClass(status: number): string {
  if (status < 300) return '2xx'
  if (status < 400) return '3xx'
  return status < 500 ? '4xx' : '5xx'
}

import type { SigningAlgorithm } from '../protocol/jwt.ts'
import type { LegacySurface } from '../protocol/policy.ts'
import { type Clock, type EpochSeconds, epochSeconds } from '../protocol/time.ts'
import type { Instruments } from './instruments.ts'
import { METRICS } from './metric-definitions.ts'
import { createSample } from './sample.ts'

/** What is not told as it happens, but asked for. */
export interface MetricSources {
  readonly clock: Clock
  store(): { readonly waiting: number; readonly logBytes: number | null; readonly pool: PoolFacts | null }
  passwords(): { readonly waiting: number }
  /** The ways to servers that surfaces are moved from. */
  upstreams(): readonly { readonly surface: LegacySurface; readonly isOpen: boolean }[]
  /** Of all tenants. Asked rarely; may fail. */
  signingKeys(): Promise<readonly KeyFacts[]>
  /** Asked rarely; may fail. */
  size(): Promise<SizeFacts>
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

interface SizeFacts {
  readonly bytes: number | null
  readonly tokens: { readonly rows: readonly { readonly weight: number; readonly deadAt: EpochSeconds }[] }
}

/** What costs a database more than a glance need not be younger. */
const MAX_AGE_MS = 60_000

/** Scrapers give up after ten seconds, and what else there is to tell is wanted most when the database hangs. */
const MAX_WAIT_MS = 500

/** The gauges that follow sources; `ask` brings them up to date. Never rejects: what can not be read stays as it was. */
export function createGauges({ gauge }: Instruments): (sources: MetricSources) => () => Promise<void> {
  const waitingWrites = gauge(METRICS.waitingWrites)
  const poolConnections = gauge(METRICS.poolConnections)
  const poolInUse = gauge(METRICS.poolInUse)
  const poolWaiting = gauge(METRICS.poolWaiting)
  const hashWaiting = gauge(METRICS.hashWaiting)
  const tokenRows = gauge(METRICS.tokenRows)
  const databaseBytes = gauge(METRICS.databaseBytes)
  const databaseLogBytes = gauge(METRICS.databaseLogBytes)
  const signingKeys = gauge(METRICS.signingKeys)
  const activeKeyAge = gauge(METRICS.activeKeyAge)
  const upstreamOpen = gauge(METRICS.upstreamOpen)

  function showStore({ waiting, logBytes, pool }: ReturnType<MetricSources['store']>): void {
    waitingWrites.set(waiting)
    if (logBytes !== null) databaseLogBytes.set(logBytes)
    if (pool === null) return
    poolConnections.set(pool.size)
    poolInUse.set(pool.inUse)
    poolWaiting.set(pool.waiting)
  }

  function showUpstreams(upstreams: ReturnType<MetricSources['upstreams']>): void {
    upstreamOpen.reset()
    for (const { surface, isOpen } of upstreams) upstreamOpen.inc({ surface }, isOpen ? 1 : 0)
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

  function showSize({ bytes, live, dead }: SizeSummary): void {
    if (bytes !== null) databaseBytes.set(bytes)
    tokenRows.set({ state: 'live' }, live)
    tokenRows.set({ state: 'dead' }, dead)
  }

  return (sources) => {
    const sampling = { clock: () => performance.now(), maxAgeMs: MAX_AGE_MS, waitMs: MAX_WAIT_MS }
    const now = () => epochSeconds(sources.clock)
    const askKeys = createSample({ ...sampling, read: sources.signingKeys })
    const askSize = createSample({
      ...sampling,
      read: async () => summaryOf(await sources.size(), now()),
    })
    return async () => {
      const [keys, size] = await Promise.all([askKeys(), askSize()])
      showStore(sources.store())
      hashWaiting.set(sources.passwords().waiting)
      showUpstreams(sources.upstreams())
      if (keys !== null) showKeys(keys, now())
      if (size !== null) showSize(size)
    }
  }
}

interface SizeSummary {
  readonly bytes: number | null
  readonly live: number
  readonly dead: number
}

function summaryOf({ bytes, tokens }: SizeFacts, now: EpochSeconds): SizeSummary {
  let live = 0
  let dead = 0
  for (const { weight, deadAt } of tokens.rows) {
    if (deadAt > now) live += weight
    else dead += weight
  }
  return { bytes, live: Math.round(live), dead: Math.round(dead) }
}

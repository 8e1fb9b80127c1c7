import type { Log } from '../../log/log.ts'
import type { Metrics } from '../../log/metrics.ts'
import { epochSeconds, type Seconds } from '../../protocol/time.ts'
import type { Operations } from './operations.ts'
import { purgeExpired } from './purge.ts'

export interface PurgingOptions {
  /** 0: never. */
  readonly intervalSeconds: Seconds
  readonly usageRetentionDays: number
  readonly refusalRetentionDays: number
  /** 0: for ever. */
  readonly auditRetentionDays: number
  readonly log: Log
  readonly metrics: Pick<Metrics, 'purge'> | undefined
}

/** Deletes what has expired, again and again; the timer does not keep the process alive. */
export function startPurging(
  operations: Operations,
  { intervalSeconds, log, metrics, ...retention }: PurgingOptions,
): { stop(): void } {
  if (intervalSeconds === 0) return { stop: () => {} }
  let underway = false
  let stopped = false

  async function purge(): Promise<void> {
    try {
      const rows = await purgeExpired(operations, { ...retention, isStopped: () => stopped })
      metrics?.purge.succeeded(rows, epochSeconds(operations.clock))
    } catch (cause) {
      metrics?.purge.failed()
      log.error('expired tokens could not be deleted', cause)
    }
  }

  const timer = setInterval(() => {
    if (underway) return
    underway = true
    void purge().finally(() => {
      underway = false
    })
  }, intervalSeconds * 1000)
  timer.unref()
  return {
    stop() {
      stopped = true
      clearInterval(timer)
    },
  }
}

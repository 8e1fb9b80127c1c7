import type { AdminOptions } from './environment.ts'
import { type Answer, problemAnswer } from './problem.ts'

/**
 * What machines ask every few seconds for as long as the process lives. It is answered without the framework of the
 * admin API, which a server that nobody administers need not load.
 */
export const PROBE_PATHS = ['/healthz', '/readyz', '/metrics'] as const

type ProbePath = (typeof PROBE_PATHS)[number]

export type Probes = Readonly<Record<ProbePath, (requestId: string) => Promise<Answer>>>

const OK: Answer = {
  status: 200,
  headers: { 'Content-Type': 'application/json' },
  body: JSON.stringify({ status: 'ok' }),
}

export function createProbes({ ready, metrics }: Pick<AdminOptions, 'ready' | 'metrics'>): Probes {
  return {
    '/healthz': async () => OK,
    async '/readyz'(requestId) {
      if (await ready().catch(() => false)) return OK
      const refusal = { code: 'unavailable', detail: 'The server is not ready.', retryAfter: 1 } as const
      return problemAnswer(refusal, requestId)
    },
    '/metrics': async () => ({
      status: 200,
      headers: { 'Content-Type': metrics.contentType },
      body: await metrics.text(),
    }),
  }
}

export function isProbePath(path: string): path is ProbePath {
  return (PROBE_PATHS as readonly string[]).includes(path)
}

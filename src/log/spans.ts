import type { HttpRequest } from '../protocol/http.ts'
import type { RequestEntry } from './log.ts'

/** One request in OpenTelemetry's terms. */
export interface RequestSpan {
  /** 32 hexadecimal digits. */
  readonly traceId: string
  /** Whatever is traced while it runs belongs to this span. */
  run<T>(work: () => Promise<T>): Promise<T>
  end(entry: RequestEntry): void
}

/** Null: nobody traces. `route` is the template of the path; null: the path is unknown. */
export type StartSpan = (request: HttpRequest, route: string | null) => RequestSpan | null

/** Where all copies of OpenTelemetry's API in a process meet: that of its major version, which package.json asks for. */
const REGISTRY = Symbol.for('opentelemetry.js.api.1')

/**
 * What starts spans, once the process has registered an OpenTelemetry SDK, before or after; null: it has none yet. The
 * API is a hundred modules, which are loaded when there is something to be done with them.
 */
export function createSpans(): () => StartSpan | Promise<StartSpan> | null {
  let start: StartSpan | Promise<StartSpan> | null = null

  async function load(): Promise<StartSpan> {
    const { createStartSpan } = await import('./open-telemetry.ts')
    start = createStartSpan()
    return start
  }

  return () => {
    if (start === null && isRegistered()) start = load()
    return start
  }
}

function isRegistered(): boolean {
  const registry: { readonly trace?: unknown } | undefined = Reflect.get(globalThis, REGISTRY)
  return registry?.trace !== undefined
}

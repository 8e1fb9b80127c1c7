/** As much of an OpenTelemetry SDK as a test needs: spans that are kept, `traceparent`, and contexts that follow `await`. */
import { AsyncLocalStorage } from 'node:async_hooks'
import {
  type Attributes,
  type Context,
  type ContextManager,
  context,
  propagation,
  ROOT_CONTEXT,
  type Span,
  type SpanContext,
  SpanKind,
  type SpanStatus,
  type TextMapPropagator,
  type Tracer,
  trace,
} from '@opentelemetry/api'

export interface KeptSpan {
  readonly name: string
  readonly kind: SpanKind
  readonly attributes: Attributes
  readonly status: SpanStatus | null
  readonly context: SpanContext
  /** Of the span above, here or elsewhere. */
  readonly parentId: string | null
  readonly ended: boolean
}

/** Registers the SDK for this process; what it keeps. */
export function registerTracer(): KeptSpan[] {
  const spans: KeptSpan[] = []
  trace.setGlobalTracerProvider({ getTracer: () => tracerOver(spans) })
  propagation.setGlobalPropagator(traceparent)
  context.setGlobalContextManager(contexts())
  return spans
}

export function unregisterTracer(): void {
  trace.disable()
  propagation.disable()
  context.disable()
}

let made = 0

function tracerOver(spans: KeptSpan[]): Tracer {
  const startSpan: Tracer['startSpan'] = (name, options = {}, parent = context.active()) => {
    const above = trace.getSpanContext(parent)
    const kept: { -readonly [Key in keyof KeptSpan]: KeptSpan[Key] } = {
      name,
      kind: options.kind ?? SpanKind.INTERNAL,
      attributes: { ...options.attributes },
      status: null,
      context: {
        traceId: above?.traceId ?? hex(32, ++made),
        spanId: hex(16, ++made),
        traceFlags: above?.traceFlags ?? 1,
      },
      parentId: above?.spanId ?? null,
      ended: false,
    }
    spans.push(kept)
    return spanOver(kept)
  }
  return {
    startSpan,
    startActiveSpan() {
      throw new Error('not needed')
    },
  }
}

function spanOver(kept: { -readonly [Key in keyof KeptSpan]: KeptSpan[Key] }): Span {
  const change = (by: () => void) => {
    if (kept.ended) throw new Error(`${kept.name} has ended`)
    by()
    return span
  }
  const span: Span = {
    spanContext: () => kept.context,
    setAttribute: (name, value) => change(() => Object.assign(kept.attributes, { [name]: value })),
    setAttributes: (attributes) => change(() => Object.assign(kept.attributes, attributes)),
    setStatus: (status) => change(() => Object.assign(kept, { status })),
    updateName: (name) => change(() => Object.assign(kept, { name })),
    end: () => void change(() => Object.assign(kept, { ended: true })),
    isRecording: () => !kept.ended,
    addEvent: () => span,
    addLink: () => span,
    addLinks: () => span,
    recordException: () => {},
  }
  return span
}

const TRACEPARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/

const traceparent: TextMapPropagator = {
  inject: () => {},
  extract(parent, carrier, getter) {
    const [, traceId, spanId, flags] = TRACEPARENT.exec(String(getter.get(carrier, 'traceparent'))) ?? []
    if (traceId === undefined || spanId === undefined) return parent
    return trace.setSpanContext(parent, {
      traceId,
      spanId,
      traceFlags: Number.parseInt(flags ?? '', 16),
      isRemote: true,
    })
  },
  fields: () => ['traceparent'],
}

function contexts(): ContextManager {
  const storage = new AsyncLocalStorage<Context>()
  const manager: ContextManager = {
    active: () => storage.getStore() ?? ROOT_CONTEXT,
    with: (active, work, self, ...parameters) => storage.run(active, () => work.apply(self, parameters)),
    bind: (_, target) => target,
    enable: () => manager,
    disable: () => manager,
  }
  return manager
}

function hex(digits: number, of: number): string {
  return of.toString(16).padStart(digits, '0')
}

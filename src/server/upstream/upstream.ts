/**
 * Asks the servers that legacy surfaces are moved from, each within its limits. What is asked and answered is neither
 * logged nor part of any error.
 */

import type { Operations } from '../../admin/operations/operations.ts'
import { type BoundedQueue, createBoundedQueue } from '../../crypto/bounded-queue.ts'
import type { Call } from '../../endpoints/call.ts'
import type { Upstream, UpstreamAnswer, UpstreamFailure } from '../../endpoints/upstream.ts'
import type { Metrics } from '../../log/metrics.ts'
import { OAuthError } from '../../protocol/errors.ts'
import type { LegacySurface, SurfacePolicy, Tenant, UpstreamPolicy } from '../../protocol/policy.ts'
import { UPSTREAM_HEADER, type UpstreamQuestion } from '../../protocol/upstream.ts'
import { SURFACES } from '../../surfaces/index.ts'
import type { UpstreamCodec, UpstreamContent } from '../../surfaces/upstream.ts'
import { type CircuitBreaker, createCircuitBreaker } from './circuit-breaker.ts'
import { type ExchangeAnswer, exchange } from './exchange.ts'
import { learnedRow } from './learned-row.ts'

export interface UpstreamOptions {
  /** Whose rules learned users are made by. */
  readonly operations: () => Operations
  readonly observer?: Metrics['upstream'] | undefined
  /** Milliseconds that never go back. */
  readonly steadyMs?: () => number
  /** Runs something later, unless it is called off before. */
  readonly later?: (ms: number, run: () => void) => () => void
}

export interface Upstreams extends Upstream {
  /** Of each surface of these tenants whose upstream, as it is now, was asked since the start. */
  states(tenants: readonly Tenant[]): readonly UpstreamState[]
  /** Ends what is under way, and asks no more. */
  close(): void
}

export interface UpstreamState {
  readonly surface: LegacySurface
  readonly isOpen: boolean
}

/** The way to one server, for one surface of one tenant. */
interface Gate {
  readonly surface: LegacySurface
  readonly codec: UpstreamCodec
  readonly settings: UpstreamPolicy
  readonly queue: BoundedQueue
  readonly breaker: CircuitBreaker
}

/** Longest time that whoever asks is told to wait, and what they are told where nobody knows. Seconds. */
const MAX_RETRY_AFTER = 300
const RETRY_AFTER = 5

const TIMED_OUT = Symbol('timed out')
const CLOSING = Symbol('closing')

export function createUpstreams(options: UpstreamOptions): Upstreams {
  const { operations, observer, steadyMs = () => performance.now(), later = afterTime } = options
  const gates = new Map<string, Gate>()
  const underWay = new Set<AbortController>()
  let isClosed = false

  /** The settings of a tenant are read anew again and again; what is known of the server stays unless they change. */
  function gateOf(call: Call, settings: UpstreamPolicy): Gate {
    const { tenant, policy } = call
    const key = keyOf(tenant, policy)
    const known = gates.get(key)
    if (known !== undefined && isSame(known.settings, settings)) return known
    const gate = createGate(policy.surface as LegacySurface, settings, steadyMs)
    gates.set(key, gate)
    return gate
  }

  function statesOf(tenant: Tenant): readonly UpstreamState[] {
    return [...tenant.surfaces.values()].flatMap((policy) => {
      const gate = gates.get(keyOf(tenant, policy))
      if (gate === undefined || policy.upstream == null || !isSame(gate.settings, policy.upstream)) return []
      return [{ surface: gate.surface, isOpen: gate.breaker.isOpen() }]
    })
  }

  async function ask(question: UpstreamQuestion, call: Call): Promise<UpstreamAnswer | UpstreamFailure> {
    const settings = call.upstream
    if (settings == null) throw new Error('the surface has no upstream')
    const gate = gateOf(call, settings)
    const startedMs = steadyMs()
    const answer = await inTurn(gate, question, call)
    const result = answer.kind === 'failed' ? answer.why : answer.kind
    observer?.asked(gate.surface, question.kind, result, (steadyMs() - startedMs) / 1000)
    return answer
  }

  async function inTurn(
    gate: Gate,
    question: UpstreamQuestion,
    call: Call,
  ): Promise<UpstreamAnswer | UpstreamFailure> {
    // Nobody waits for a turn to be told that there is none.
    if (gate.breaker.waitMs() > 0) return left(gate)
    try {
      return await gate.queue.run(() => askNow(gate, question, call), call)
    } catch (thrown) {
      if (!(thrown instanceof OAuthError) || thrown.code !== 'temporarily_unavailable') throw thrown
      return { kind: 'failed', why: 'busy', retryAfter: 1, cause: undefined }
    }
  }

  async function askNow(
    gate: Gate,
    question: UpstreamQuestion,
    call: Call,
  ): Promise<UpstreamAnswer | UpstreamFailure> {
    const permit = isClosed ? null : gate.breaker.enter()
    if (permit === null) return left(gate)
    const { codec, settings } = gate
    const request = codec.encode(question)
    const headers = { ...request.headers, ...headersOf(call) }
    const controller = new AbortController()
    underWay.add(controller)
    const callOff = later(settings.timeoutSeconds * 1000, () => controller.abort(TIMED_OUT))
    try {
      const answer = await exchange(settings.url, { ...request, headers }, controller.signal)
      const read = readAnswer(answer, question, codec)
      if (read.kind !== 'failed') permit.succeeded()
      else if (DOWN.includes(answer.status)) permit.failed()
      // What one request is not answered says little of others: who knows how to make it fail must not end it for all.
      else permit.abandoned()
      return read
    } catch (cause) {
      if (controller.signal.reason === CLOSING) permit.abandoned()
      else permit.failed()
      const why = controller.signal.reason === TIMED_OUT ? 'timeout' : 'failed'
      return { kind: 'failed', why, retryAfter: RETRY_AFTER, cause: errorOf(cause, settings) }
    } finally {
      callOff()
      underWay.delete(controller)
    }
  }

  return {
    ask,
    rowOf: (tenant, user) => learnedRow(operations(), tenant, user),
    states: (tenants) => tenants.flatMap(statesOf),
    close() {
      isClosed = true
      for (const controller of underWay) controller.abort(CLOSING)
    },
  }
}

function createGate(surface: LegacySurface, settings: UpstreamPolicy, steadyMs: () => number): Gate {
  const codec = SURFACES.find(({ name }) => name === surface)?.upstream
  if (codec === undefined) throw new Error(`the surface ${surface} is moved from no server`)
  const { concurrency, failures, pauseSeconds } = settings
  return {
    surface,
    codec,
    settings,
    queue: createBoundedQueue(concurrency, concurrency),
    breaker: createCircuitBreaker({ failures, pauseMs: pauseSeconds * 1000, steadyMs }),
  }
}

/** No id of a tenant has a space in it. */
function keyOf({ id }: Tenant, { surface }: SurfacePolicy): string {
  return `${id} ${surface}`
}

function isSame(one: UpstreamPolicy, other: UpstreamPolicy): boolean {
  return (
    one.url === other.url &&
    one.timeoutSeconds === other.timeoutSeconds &&
    one.concurrency === other.concurrency &&
    one.failures === other.failures &&
    one.pauseSeconds === other.pauseSeconds
  )
}

function left({ breaker }: Gate): UpstreamFailure {
  const retryAfter = Math.max(1, Math.ceil(breaker.waitMs() / 1000))
  return { kind: 'failed', why: 'open', retryAfter, cause: undefined }
}

/** The other server counts and logs whom this is for, if it trusts the address it comes from. */
function headersOf({ by }: Call): Readonly<Record<string, string>> {
  return {
    Accept: 'application/json',
    'Accept-Encoding': 'identity',
    'User-Agent': 'mintkeeper',
    [UPSTREAM_HEADER]: '1',
    ...(by.requestId !== null && { 'X-Request-Id': by.requestId }),
    ...(by.source !== null && { 'X-Forwarded-For': by.source }),
  }
}

function readAnswer(
  { status, retryAfter, body }: ExchangeAnswer,
  { kind }: UpstreamQuestion,
  codec: UpstreamCodec,
): UpstreamAnswer | UpstreamFailure {
  const content = parseObject(body)
  if (content !== null) {
    if (body !== null && status === 200 && codec.isAnswer(kind, content)) {
      return { kind: 'answered', content, response: codec.relay(body) }
    }
    const refusal = REFUSED.includes(status) ? codec.refusalOf(kind, content) : null
    if (refusal !== null) return { kind: 'refused', refusal }
  }
  const what = status === 200 ? 'what is no answer of the surface' : `status ${status}`
  const wait = Math.min(Math.max(1, Math.ceil(retryAfter ?? RETRY_AFTER)), MAX_RETRY_AFTER)
  return { kind: 'failed', why: 'failed', retryAfter: wait, cause: new Error(`upstream answered ${what}`) }
}

const REFUSED: readonly number[] = [400, 401, 403]

/** Nobody is there, whatever is asked (RFC 9110 §15.6.3 to §15.6.5). */
const DOWN: readonly number[] = [502, 503, 504]

function parseObject(body: string | null): UpstreamContent | null {
  if (body === null) return null
  try {
    const value: unknown = JSON.parse(body)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : null
  } catch {
    return null
  }
}

/** Never the error of `fetch` itself, which may quote what it was to send. */
function errorOf(thrown: unknown, { timeoutSeconds }: UpstreamPolicy): Error {
  if (thrown === TIMED_OUT) return new Error(`upstream did not answer within ${timeoutSeconds} s`)
  if (thrown === CLOSING) return new Error('the server stops')
  const code = codeOf(thrown instanceof Error ? (thrown.cause ?? thrown) : thrown)
  return new Error(`upstream could not be asked${code === null ? '' : `: ${code}`}`)
}

/** `ECONNREFUSED` and the like, or what kind of error it is: `HTTPParserError` has none. */
function codeOf(error: unknown): string | null {
  if (!(error instanceof Error)) return null
  if ('code' in error && typeof error.code === 'string') return error.code
  return error.name === 'Error' ? null : error.name
}

function afterTime(ms: number, run: () => void): () => void {
  const timer = setTimeout(run, ms)
  return () => clearTimeout(timer)
}

import { type DestinationStream, pino } from 'pino'
import type { Endpoint } from '../protocol/endpoint.ts'
import type { ErrorCode } from '../protocol/errors.ts'
import type { SurfaceName } from '../protocol/policy.ts'
import type { GrantType } from '../protocol/token.ts'
import { standardOutput } from './standard-output.ts'

export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

/**
 * What there is to tell about one request to the token plane, as a line of the log. Never a secret, never a query
 * string. The members whose types are closed sets are labels of metrics, too.
 */
export interface RequestEntry {
  readonly requestId: string
  readonly tenant: string | null
  readonly surface: SurfaceName
  readonly endpoint: Endpoint | null
  readonly grant: GrantType | null
  readonly client: string | null
  readonly user: string | null
  readonly source: string | null
  readonly status: number
  readonly outcome: 'ok' | ErrorCode
  /** Why a request was refused: a stable machine word. */
  readonly reason: string | null
  readonly note: string | null
  readonly durationMs: number
  /** What went wrong inside; only with `server_error` and `temporarily_unavailable`. */
  readonly cause: unknown
  /** Of the OpenTelemetry span, if there is one. */
  readonly traceId?: string | undefined
}

export interface Log {
  request(entry: RequestEntry): void
  info(message: string, fields?: Readonly<Record<string, unknown>>): void
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void
  error(message: string, cause: unknown, fields?: Readonly<Record<string, unknown>>): void
}

/** JSON lines on `destination`, by default standard output. */
export function createLog(level: LogLevel, destination: DestinationStream = standardOutput()): Log {
  const isoTime = createIsoTime()
  const options = {
    level,
    base: null,
    timestamp: () => `,"time":"${isoTime()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
  }
  const logger = pino(options, destination)
  const tellsRequests = logger.isLevelEnabled('info')
  return {
    request(entry) {
      if (entry.status >= 500) {
        const { cause, ...fields } = entry
        logger.error({ ...fields, error: describe(cause) }, 'request')
      } else if (tellsRequests) destination.write(requestLine(entry, isoTime()))
    },
    info: (message, fields = {}) => logger.info(fields, message),
    warn: (message, fields = {}) => logger.warn(fields, message),
    error: (message, cause, fields = {}) => logger.error({ ...fields, error: describe(cause) }, message),
  }
}

export const SILENT_LOG: Log = { request: () => {}, info: () => {}, warn: () => {}, error: () => {} }

/** As pino would write it, in a quarter of the time. What went wrong inside is nothing that a refusal tells. */
function requestLine(entry: RequestEntry, time: string): string {
  const { cause: _, ...fields } = entry
  const members = JSON.stringify({ ...fields, msg: 'request' }).slice(1)
  return `{"level":"info","time":"${time}",${members}\n`
}

/** The time of day, written anew once a millisecond. */
function createIsoTime(): () => string {
  let writtenMs = 0
  let text = ''
  return () => {
    const nowMs = Date.now()
    if (nowMs !== writtenMs) {
      writtenMs = nowMs
      text = new Date(nowMs).toISOString()
    }
    return text
  }
}

/** Longest message of an error and longest trace of its calls, in characters: one line must not fill a disk. */
const MAX_MESSAGE = 1000
const MAX_STACK = 3000

/** An error and its causes, in a form that holds no more than their own words. */
function describe(thrown: unknown, depth = 0): unknown {
  if (!(thrown instanceof Error)) return thrown === undefined ? null : typeof thrown
  return {
    name: clip(thrown.name, MAX_MESSAGE),
    message: clip(thrown.message, MAX_MESSAGE),
    stack: thrown.stack === undefined ? undefined : clip(thrown.stack, MAX_STACK),
    ...(thrown.cause !== undefined && depth < 3 && { cause: describe(thrown.cause, depth + 1) }),
  }
}

function clip(text: string, longest: number): string {
  return text.length <= longest ? text : `${text.slice(0, longest)} ...`
}

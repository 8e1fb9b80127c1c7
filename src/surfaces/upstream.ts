import { type HttpResponse, NO_STORE } from '../protocol/http.ts'
import type { UpstreamQuestion, UpstreamQuestionKind, UpstreamRefusal } from '../protocol/upstream.ts'

/** How a surface asks the server it is moved from, which speaks as the surface does. Pure. */
export interface UpstreamCodec {
  /** Throws an Error for what the surface has no endpoint for. */
  readonly encode: (question: UpstreamQuestion) => UpstreamRequest
  /** Whether this is what the surface answers such a question with. */
  readonly isAnswer: (kind: UpstreamQuestionKind, content: UpstreamContent) => boolean
  /** What a refusal is for, by its body; null: it is none of the surface's. */
  readonly refusalOf: (kind: UpstreamQuestionKind, content: UpstreamContent) => UpstreamRefusal | null
  /** Its body, as it is, with the headers that such an answer has here. */
  readonly relay: (body: string) => HttpResponse
}

/** A JSON object that was answered. */
export type UpstreamContent = Readonly<Record<string, unknown>>

export interface UpstreamRequest {
  readonly method: 'GET' | 'POST'
  /** Comes after the URL of the server. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | null
}

/** A POST of parameters; those without a value are left out. */
export function formRequest(
  path: string,
  parameters: Readonly<Record<string, string | null | undefined>>,
  headers: Readonly<Record<string, string>> = {},
): UpstreamRequest {
  const given = Object.entries(parameters).flatMap(([name, value]) => (value == null ? [] : [[name, value]]))
  return {
    method: 'POST',
    path,
    headers: { 'Content-Type': 'application/x-www-form-urlencoded', ...headers },
    body: new URLSearchParams(given).toString(),
  }
}

/** As `UpstreamCodec.relay`, for answers of a type. What was issued is kept by nobody on the way. */
export function relayAs(contentType: string): UpstreamCodec['relay'] {
  return (body) => ({ status: 200, headers: { 'Content-Type': contentType, ...NO_STORE }, body })
}

export function isFilled(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}

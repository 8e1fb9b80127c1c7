import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { TestRequest, TestResponse } from '../../harness.ts'

/** What was answered, or is expected to be; `{{…}}` stands for values that differ each time. */
export interface RecordedResponse {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** A JSON value, or the text of a body that is no JSON. */
  readonly body: unknown
}

export interface Exchange {
  readonly request: TestRequest
  readonly response: RecordedResponse
  /** Placeholder → the member of the JSON answer it takes its value from. */
  readonly save?: Readonly<Record<string, string>>
}

export type Step =
  | Exchange
  | { readonly age: string; readonly seconds: number }
  | { readonly sha256: string; readonly as: string }

export interface Case {
  readonly name: string
  readonly steps: readonly Step[]
  /** Stack → step → what that stack answers instead. */
  readonly elsewhere: Readonly<Record<string, Readonly<Record<string, RecordedResponse>>>>
}

/** The cases of `transcripts.json`; those of one request as a sequence of one step. */
export function readRecording(): readonly Case[] {
  const cases: (Partial<Case> & Exchange & { name: string })[] = JSON.parse(
    readFileSync(new URL('transcripts.json', import.meta.url), 'utf8'),
  )
  return cases.map(({ name, steps, request, response, elsewhere = {} }) => ({
    name,
    steps: steps ?? [{ request, response }],
    elsewhere,
  }))
}

/** Values of placeholders, as they are learnt. */
export type Values = Map<string, string>

/** A request needs a value that no earlier answer gave. */
export class MissingValue extends Error {}

/** Replaces `{{name}}`, then `{{base64:…}}`. Throws `MissingValue`. */
function fill(text: string, values: Values): string {
  return text
    .replace(/\{\{(\w+)\}\}/g, (_, name: string) => {
      const value = values.get(name)
      if (value === undefined) throw new MissingValue(name)
      return value
    })
    .replace(/\{\{base64:([^{}]*)\}\}/g, (_, plain: string) => Buffer.from(plain).toString('base64'))
}

export function fillRequest(request: TestRequest, values: Values): TestRequest {
  const headers = Object.entries(request.headers ?? {}).map(([name, value]) => [name, fill(value, values)])
  return {
    ...request,
    path: fill(request.path, values),
    headers: Object.fromEntries(headers),
    body: request.body == null ? null : fill(request.body, values),
  }
}

export function digest(step: { readonly sha256: string }, values: Values): string {
  return createHash('sha256').update(fill(step.sha256, values)).digest('hex')
}

const KINDS: Readonly<Record<string, (value: unknown) => boolean>> = {
  '{{any:token43}}': (value) => typeof value === 'string' && /^[A-Za-z0-9_-]{43}$/.test(value),
  '{{any:epoch}}': (value) => Number.isInteger(value) && Number(value) > 1_700_000_000,
  '{{any:user-id}}': (value) => Number.isInteger(value) && Number(value) > 0,
}

/** What may differ: the server has no use for either. Rails too gives every answer an id, which was not recorded. */
const NOT_COMPARED = ['etag', 'vary', 'x-request-id']

/**
 * An answer and the expected one as two texts that are equal if the answers are: status, headers, and the body to the
 * byte, but for what `{{…}}` stands for.
 */
export function compare(
  actual: TestResponse,
  expected: RecordedResponse,
  values: Values,
): { actual: string; expected: string } {
  return {
    actual: show(actual.status, actual.headers, masked(actual, expected, values)),
    expected: show(expected.status, expected.headers, expectedText(expected.body, values)),
  }
}

function show(status: number, headers: Readonly<Record<string, string>>, body: string): string {
  const lines = Object.entries(headers)
    .map(([name, value]) => [name.toLowerCase(), value] as const)
    .filter(([name]) => !NOT_COMPARED.includes(name))
    .map(([name, value]) => `${name}: ${value}`)
  return [status, ...lines.sort(), '', body].join('\n')
}

/** The body as it was sent, with every value that is of the expected kind replaced by the name of the kind. */
function masked(actual: TestResponse, expected: RecordedResponse, values: Values): string {
  if (typeof expected.body !== 'object' || !actual.body.startsWith('{')) return actual.body
  // One that is not written the way `JSON.stringify` does is compared, and refused, as it is.
  if (JSON.stringify(actual.json()) !== actual.body) return actual.body
  return JSON.stringify(mask(actual.json(), expected.body, values))
}

function mask(actual: unknown, expected: unknown, values: Values): unknown {
  if (typeof expected === 'string' && KINDS[expected]?.(actual) === true) return expected
  if (typeof actual !== 'object' || actual === null || Array.isArray(actual)) return actual
  const members = Object.entries(actual).map(([name, value]) => [
    name,
    mask(value, (expected as Record<string, unknown> | null)?.[name], values),
  ])
  return Object.fromEntries(members)
}

/** A template whose value is not known stays as it is: nothing equals it. */
function expectedText(body: unknown, values: Values): string {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  return text.replace(/\{\{(\w+)\}\}/g, (whole, name: string) => values.get(name) ?? whole)
}

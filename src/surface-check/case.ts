/**
 * `surface-check/` owns what is asked of an old server and of Mintkeeper before a cut-over, and how two answers are
 * compared: cases and known differences are data, the comparison is pure. It knows neither sockets nor files, and what
 * it says of an answer holds no secret.
 */
import type { EpochSeconds } from '../protocol/time.ts'
import { inForm, inJson, inXml } from './shape.ts'

/** The surfaces that stand in for another server. */
export type CheckedSurface = 'newstore' | 'spree'

/** What an old server or Mintkeeper answered. */
export interface Answer {
  readonly status: number
  /** Names in lower case; of a header that was sent several times, the values with commas between. */
  readonly headers: ReadonlyMap<string, string>
  readonly body: string
  /** The asker's clock. */
  readonly receivedAt: EpochSeconds
}

/** A request as it goes on the wire. */
export interface CheckRequest {
  readonly method: 'GET' | 'POST'
  /** From the root of the server, with the query. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  /** Null: none. */
  readonly body: string | null
}

/** Asks one of the two servers. Throws `NoAnswer`. */
export type Ask = (request: CheckRequest) => Promise<Answer>

/** A server has not answered, or not the request that it was sent. The message is for people. */
export class NoAnswer extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'NoAnswer'
  }
}

/** The ways parameters can be sent. */
export type Encoding = 'form' | 'json' | 'multipart' | 'xml'

/**
 * A request in which `{{name}}` stands for a credential, and `{{step.member}}` for a member of what an earlier step was
 * answered.
 */
export interface RequestTemplate {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly parameters?: Readonly<Record<string, string>>
  /** How the parameters are sent; default `form`. */
  readonly encoding?: Encoding
  /** In place of `parameters`: the body as it is, in which values are written as its encoding has them. */
  readonly text?: string
  readonly headers?: Readonly<Record<string, string>>
}

export interface Step {
  /** What later steps call it. */
  readonly name: string
  readonly request: RequestTemplate
}

/** What is asked of both servers, and compared. */
export interface Case {
  /** In kebab-case. */
  readonly name: string
  /** A sentence without a dot. */
  readonly asks: string
  /** Where it is documented or recorded. */
  readonly source: string
  /** Requests that must succeed before; their answers are not compared, which other cases do. */
  readonly before: readonly Step[]
  readonly request: RequestTemplate
  /** Whether good credentials are answered with success; where they are not at either server, nothing is proved. */
  readonly succeeds: boolean
  /** Whether a server that refuses it is to be sent the user's password no more: who guesses is blocked. */
  readonly provesUser?: true
  /** Whether a server that does not know the client by it (401) is to be sent the client's secret no more. */
  readonly provesClient?: true
  /** Whether `expires_in` is what is left of a token that was issued before. */
  readonly countsDown?: true
}

/** What placeholders stand for. */
export type Values = ReadonlyMap<string, string>

const PLACEHOLDER = /\{\{([\w.]+)\}\}/g

/** The credentials a case can not do without. */
export function credentialsOf({ before, request }: Case): readonly string[] {
  const names = [...before.map((step) => step.request), request].flatMap(placeholdersOf)
  return [...new Set(names.filter((name) => !name.includes('.')))]
}

/** Whether it sends the name of the user, whom wrong passwords could block. */
export function needsUser(played: Case): boolean {
  return credentialsOf(played).includes('username')
}

/** Whether it sends the secret of the client. */
export function needsClient(played: Case): boolean {
  return credentialsOf(played).includes('client_secret')
}

/** What has to be known before a request can be sent. */
export function placeholdersOf(template: RequestTemplate): readonly string[] {
  return [...JSON.stringify(template).matchAll(PLACEHOLDER)].map(([, name = '']) => name)
}

/** Throws a RangeError for a placeholder without a value. */
export function fillRequest(template: RequestTemplate, values: Values): CheckRequest {
  const fill: Fill = (text, written = (value) => value) => {
    return text.replaceAll(PLACEHOLDER, (_, name: string) => {
      const value = values.get(name)
      if (value === undefined) throw new RangeError(`There is no ${name}.`)
      return written(value)
    })
  }
  const headers = Object.entries(template.headers ?? {}).map(([name, value]) => [name, basic(fill(value))])
  const body = bodyOf(template, fill)
  return {
    method: template.method,
    path: fill(template.path),
    headers: {
      Accept: 'application/json',
      ...(body !== null && { 'Content-Type': body.type }),
      ...Object.fromEntries(headers),
    },
    body: body?.text ?? null,
  }
}

/** `Basic id:secret` becomes what RFC 7617 §2 makes of it. */
function basic(value: string): string {
  if (!value.startsWith('Basic ')) return value
  return `Basic ${Buffer.from(value.slice('Basic '.length)).toString('base64')}`
}

interface Body {
  readonly type: string
  readonly text: string
}

/** Text with values in place of placeholders, written as what is around them wants it. */
type Fill = (text: string, written?: (value: string) => string) => string

function bodyOf(template: RequestTemplate, fill: Fill): Body | null {
  const encoding = template.encoding ?? 'form'
  const type = BODY_TYPES[encoding]
  if (template.text !== undefined) return { type, text: fill(template.text, WRITTEN[encoding]) }
  if (template.parameters === undefined) return null
  const parameters = Object.entries(template.parameters).map(([name, value]) => [name, fill(value)] as const)
  return { type, text: ENCODE[encoding](parameters) }
}

type Pairs = readonly (readonly [name: string, value: string])[]

const BOUNDARY = 'mintkeeper-surface-check'

const BODY_TYPES: Readonly<Record<Encoding, string>> = {
  form: 'application/x-www-form-urlencoded',
  json: 'application/json',
  multipart: `multipart/form-data; boundary=${BOUNDARY}`,
  xml: 'application/xml',
}

const WRITTEN: Readonly<Record<Encoding, (value: string) => string>> = {
  form: inForm,
  json: inJson,
  multipart: (value) => value,
  xml: inXml,
}

const ENCODE: Readonly<Record<Encoding, (pairs: Pairs) => string>> = {
  form: (pairs) => new URLSearchParams(pairs.map(([name, value]) => [name, value])).toString(),
  json: (pairs) => JSON.stringify(Object.fromEntries(pairs)),
  multipart: (pairs) => {
    const part = ([name, value]: Pairs[number]) => {
      return `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`
    }
    return `${pairs.map(part).join('')}--${BOUNDARY}--\r\n`
  },
  xml: (pairs) => {
    return `<token>${pairs.map(([name, value]) => `<${name}>${inXml(value)}</${name}>`).join('')}</token>`
  },
}
